import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Check, X } from "lucide-react";
import { useState } from "react";
import { Badge, type Tone } from "../../components/badge";
import { LoadError } from "../../components/page";
import { SuggestInput } from "../../components/suggest";
import { Button } from "../../components/ui/button";
import { Field } from "../../components/ui/field";
import { Form, useSubmit } from "../../components/ui/form";
import type { ExplainQuery, VersionOutcome } from "../../gql/graphql";
import { usePackageNames, useVersionsOf } from "../packages/suggestions";
import { type Asked, writeAsked } from "./asked";
import { explainQuery } from "./queries";

type Explanation = NonNullable<ExplainQuery["explain"]>;

/** What is asked stands in the address; onAsk puts it there. */
export type Props = { token: string; asked?: Asked; onAsk: (asked: Asked) => void };

/** Asks what a token gets of a version of a package, and shows the answer with every rule that took part. */
export function Explain({ token, asked, onAsk }: Props) {
  const query = useQuery(explainQuery(token, asked));
  const found = query.data;
  const ask = (next: Asked) => {
    if (asked && writeAsked(asked) === writeAsked(next)) void query.refetch();
    else onAsk(next);
  };
  return (
    <div className="grid gap-4">
      <Question asked={asked} busy={query.isFetching} onAsk={ask} />
      <div role="status" className={found ? "flex flex-wrap items-center gap-2" : "sr-only"}>
        {found && <Outcome found={found} />}
      </div>
      {found && <Steps found={found} />}
      {query.isError && <LoadError error={query.error} retry={() => query.refetch()} />}
    </div>
  );
}

type QuestionProps = { asked?: Asked; busy: boolean; onAsk: (asked: Asked) => void };

function Question({ asked, busy, onAsk }: QuestionProps) {
  const [typed, setTyped] = useState(asked ?? { package: "", version: "" });
  const [seen, setSeen] = useState(asked);
  if (asked && (!seen || writeAsked(seen) !== writeAsked(asked))) {
    setSeen(asked); // the address says something else now
    setTyped(asked);
  }
  const next = { package: typed.package.trim(), version: typed.version.trim() };
  const names = usePackageNames(typed.package);
  const versions = useVersionsOf(typed.package);
  const { form, errors } = useSubmit(
    { error: null, isPending: false },
    { fields: [], check: () => checkAsked(next), send: () => onAsk(next) },
  );
  return (
    <Form {...form} className="items-start gap-3 sm:grid-cols-[minmax(0,2fr)_minmax(0,1fr)_auto]">
      <Field label="Package" error={errors.package}>
        {(ids) => (
          <SuggestInput
            {...ids}
            maxLength={200}
            placeholder="acme/lib"
            suggestions={names}
            value={typed.package}
            onChange={({ target }) => setTyped((now) => ({ ...now, package: target.value }))}
          />
        )}
      </Field>
      <Field label="Version" error={errors.version}>
        {(ids) => (
          <SuggestInput
            {...ids}
            maxLength={200}
            placeholder="1.2.0"
            suggestions={versions ?? []}
            value={typed.version}
            onChange={({ target }) => setTyped((now) => ({ ...now, version: target.value }))}
          />
        )}
      </Field>
      <Button kind="primary" type="submit" className="w-fit sm:mt-[27px]" busy={busy}>
        Explain
      </Button>
    </Form>
  );
}

function checkAsked(asked: Asked): Record<string, string> {
  return {
    ...(/^[^/@\s]+\/[^/@\s]+$/.test(asked.package) ? {} : { package: "Name a package, such as acme/lib." }),
    ...(asked.version ? {} : { version: "Name a version, such as 1.2.0." }),
  };
}

const outcomes: Record<VersionOutcome, [Tone, string, string]> = {
  ALLOWED: ["good", "Allowed", "It gets"],
  NOT_ALLOWED: ["danger", "Not allowed", "It does not get"],
  BLOCKED: ["danger", "Blocked", "It does not get"],
  HELD: ["warn", "Held back", "Only locks that name it get"],
  MISSING: ["warn", "Missing", "There is nothing to get of"],
};

/** The decision, with a link to the package where there is one. */
function Outcome({ found }: { found: Explanation }) {
  const [tone, name, says] = outcomes[found.outcome];
  const known = useVersionsOf(found.package);
  const [vendor = "", short = ""] = found.package.split("/");
  const what = `${found.package} ${found.version}`;
  return (
    <>
      <Badge tone={tone}>{name}</Badge>
      <span className="wrap-anywhere">
        {says}{" "}
        {known ? (
          <Link
            to="/packages/$vendor/$name"
            params={{ vendor, name: short }}
            search={known.includes(found.version) ? { v: found.version } : {}}
            className="text-accent underline"
          >
            {what}
          </Link>
        ) : (
          what
        )}
        .
      </span>
    </>
  );
}

/** Every rule that took part, in order; the first that refuses decides. */
function Steps({ found: { steps } }: { found: Explanation }) {
  const decides = steps.findIndex(({ allowed }) => !allowed);
  return (
    <ol className="grid">
      {steps.map(({ rule, allowed, text }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the steps of one answer do not change
        <li key={index} className="flex gap-2.5 border-line border-t py-2 last:pb-0">
          {allowed ? (
            <Check size={16} className="mt-0.5 shrink-0 text-good" role="img" aria-label="Allows" />
          ) : (
            <X size={16} className="mt-0.5 shrink-0 text-danger" role="img" aria-label="Refuses" />
          )}
          <div className="min-w-0 wrap-anywhere">
            <span className="inline-block font-medium first-letter:uppercase">{rule}</span>{" "}
            {index === decides && <Badge tone="danger">Decides</Badge>}
            <p className="text-muted">{text}</p>
          </div>
        </li>
      ))}
    </ol>
  );
}
