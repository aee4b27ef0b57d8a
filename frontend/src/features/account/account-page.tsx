import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { LoadError, PageHead, Skeleton } from "../../components/page";
import { Callout, Panel } from "../../components/panel";
import { Button } from "../../components/ui/button";
import { Field, Input } from "../../components/ui/field";
import { Form, useSubmit } from "../../components/ui/form";
import { useToast } from "../../components/ui/toast";
import { ChangePasswordDocument, RenameSelfDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import { NoticeChoices } from "../notices/choices";
import { roleName } from "../people/queries";
import { passwordHelp } from "./form";
import { Passkeys } from "./passkeys";
import { type Account, accountQuery, serverQuery, viewerQuery } from "./queries";
import { SecondFactor } from "./second-factor";
import { Sessions } from "./sessions";
import { SignInService } from "./sign-in-service";

/** What people may know and change of themselves. */
export function AccountPage() {
  const { data: viewer } = useSuspenseQuery(viewerQuery);
  const { data: server } = useQuery(serverQuery);
  const query = useQuery(accountQuery);
  return (
    <>
      <PageHead title="Your account" text={`${viewer.email}, ${roleName(viewer.role)}`} />
      {query.isPending ? (
        <Skeleton />
      ) : query.isError ? (
        <LoadError error={query.error} retry={() => query.refetch()} />
      ) : (
        <div className="grid max-w-3xl gap-6">
          <Name account={query.data} />
          {(server?.passwords || viewer.role === "OWNER") && (
            <Password email={query.data.email} first={!query.data.hasPassword} />
          )}
          {(query.data.hasPassword || query.data.totpEnabled) && <SecondFactor account={query.data} />}
          <Passkeys account={query.data} />
          <SignInService account={query.data} />
          <NoticeChoices />
          <Sessions sessions={query.data.sessions} />
        </div>
      )}
    </>
  );
}

function Name({ account }: { account: Account }) {
  const client = useQueryClient();
  const toast = useToast();
  const [name, setName] = useState(account.name ?? "");
  const mutation = useMutation({
    mutationFn: () => request(RenameSelfDocument, { id: account.id, name }),
    onSuccess: () => {
      void changed(client, "people");
      toast("Your name was changed.");
    },
  });
  const same = name.trim() === (account.name ?? "");
  const { form, errors } = useSubmit(mutation, { fields: ["name"], send: () => !same && mutation.mutate() });
  return (
    <Panel title="Name">
      <Form {...form} className="gap-4">
        <Field label="Your name" help="Owners see it in the list of people." error={errors.name}>
          {(ids) => (
            <Input
              {...ids}
              autoComplete="name"
              className="max-w-sm"
              value={name}
              onChange={({ target }) => setName(target.value)}
            />
          )}
        </Field>
        <Button type="submit" kind="primary" busy={mutation.isPending || same} className="w-fit">
          {mutation.isPending ? "Saving" : "Save name"}
        </Button>
      </Form>
    </Panel>
  );
}

/** first: they have none yet, and joined with the sign-in service. */
function Password({ email, first }: { email: string; first: boolean }) {
  const client = useQueryClient();
  const toast = useToast();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const mutation = useMutation({
    mutationFn: () => request(ChangePasswordDocument, { current, next }),
    gcTime: 0,
    onSuccess: () => {
      setCurrent("");
      setNext("");
      void changed(client, "people");
      toast(first ? "You have a password now." : "Your password was changed. Your other sessions ended.");
    },
  });
  const { form, errors } = useSubmit(mutation, { fields: ["current", "next"], send: () => mutation.mutate() });
  return (
    <Panel title="Password">
      <Form {...form} className="gap-4">
        <input type="hidden" autoComplete="username" value={email} />
        {first ? (
          <>
            <p className="text-muted">You have no password. To set one you must have signed in within ten minutes.</p>
            {errors.current && <Callout tone="danger">{errors.current}</Callout>}
          </>
        ) : (
          <Field label="Current password" error={errors.current}>
            {(ids) => (
              <Input
                {...ids}
                type="password"
                autoComplete="current-password"
                className="max-w-sm"
                value={current}
                onChange={({ target }) => setCurrent(target.value)}
              />
            )}
          </Field>
        )}
        <Field label="New password" help={`${passwordHelp} Your other sessions end.`} error={errors.next}>
          {(ids) => (
            <Input
              {...ids}
              type="password"
              autoComplete="new-password"
              className="max-w-sm"
              value={next}
              onChange={({ target }) => setNext(target.value)}
            />
          )}
        </Field>
        <Button type="submit" kind="primary" busy={mutation.isPending} className="w-fit">
          {mutation.isPending ? "Changing" : first ? "Set a password" : "Change password"}
        </Button>
      </Form>
    </Panel>
  );
}
