import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Suspense, useState } from "react";
import { later } from "../../components/later";
import { More } from "../../components/more";
import { Callout, Part } from "../../components/panel";
import { Time } from "../../components/time";
import { Button } from "../../components/ui/button";
import { useToast } from "../../components/ui/toast";
import {
  AcceptVersionChangeDocument,
  RejectVersionChangeDocument,
  ReleaseVersionDocument,
  UnblockDocument,
} from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import { useMay } from "../account/may";
import { type Block as BlockRow, type Decided, versionQuery } from "./queries";
import { isBlocked } from "./state";

const BlockDialog = later(async () => (await import("./block-dialog")).BlockDialog);

const acts = {
  accept: (id: string) => request(AcceptVersionChangeDocument, { id }),
  reject: (id: string) => request(RejectVersionChangeDocument, { id }),
  release: (id: string) => request(ReleaseVersionDocument, { id }),
};

type Act = keyof typeof acts;

/** What is said once it is done. */
const done: Record<Act, string> = {
  accept: "The change is accepted. It is served as its source has it now.",
  reject: "The change is rejected. It stays what it was.",
  release: "It is released: it is offered from now on.",
};

type WithheldProps = { id: string; name: string; version: string };

/** Why a version is not offered, or not as its source has it now, and what can be done about it. */
export function Withheld(props: WithheldProps) {
  const { data: version } = useQuery(versionQuery(props.id));
  return (
    <Suspense>
      {version?.withheld && <Why version={version} />}
      <Block {...props} />
    </Suspense>
  );
}

export function Why({ version }: { version: Decided }) {
  const mayDecide = useMay("DECIDE_VERSIONS");
  const client = useQueryClient();
  const toast = useToast();
  const { mutate, isPending, variables } = useMutation({
    mutationFn: (act: Act): Promise<unknown> => acts[act](version.id),
    onSuccess: (_, act) => toast(done[act]),
    onSettled: () => changed(client, "versions"),
    onError: (error) => toast(error.message),
  });
  const doing = isPending ? variables : undefined;
  const button = (act: Act, label: string, busy: string) => (
    <Button busy={doing === act} onClick={() => mutate(act)}>
      {doing === act ? busy : label}
    </Button>
  );
  return (
    <Callout tone={isBlocked(version.withheld) ? "danger" : "warn"}>
      <p className="font-medium">{version.withheld}</p>
      {version.heldUntil && (
        <p>
          It is offered by itself <Time at={version.heldUntil} />.
        </p>
      )}
      {version.changed && (
        <p>
          Seen <Time at={version.changed.seenAt} />
          {version.changed.reference && (
            <>
              , with the reference <code>{version.changed.reference}</code>
            </>
          )}
          {version.changed.sha256 && (
            <>
              , with bytes of the SHA-256 <code>{version.changed.sha256}</code>
            </>
          )}
          .
        </p>
      )}
      {mayDecide ? (
        <div className="mt-1.5 flex flex-wrap gap-2 empty:hidden">
          {version.changed && button("accept", "Accept the change", "Accepting")}
          {version.changed && button("reject", "Reject the change", "Rejecting")}
          {version.heldUntil && button("release", "Release", "Releasing")}
        </div>
      ) : (
        (version.changed || version.heldUntil) && <p>A maintainer can decide about it.</p>
      )}
    </Callout>
  );
}

/** The blocks of a package, of its own name and of patterns, each of which can be removed. */
export function Blocks({ blocks }: { blocks: readonly BlockRow[] }) {
  const mayDecide = useMay("DECIDE_VERSIONS");
  const client = useQueryClient();
  const toast = useToast();
  const { mutate, isPending, variables } = useMutation({
    mutationFn: ({ id }: BlockRow) => request(UnblockDocument, { id }),
    onSuccess: (_, block) => toast(`${block.package} ${block.versions} is unblocked.`),
    onSettled: () => changed(client, "versions"),
    onError: (error) => toast(error.message),
  });
  if (blocks.length === 0) return null;
  return (
    <Part title="Blocked">
      <ul className="grid gap-2">
        {blocks.map((block) => (
          <li
            key={block.id}
            className="flex flex-wrap items-start justify-between gap-3 rounded-lg border border-line bg-panel p-3"
          >
            <div className="min-w-0 wrap-anywhere">
              <p>
                <code>{block.versions === "*" ? "All versions" : block.versions}</code>
                {isPattern(block) && (
                  <>
                    {" "}
                    by the pattern <code>{block.package}</code>, which is of other packages too
                  </>
                )}
              </p>
              <p>
                {block.reason} {block.link && <More address={block.link} />}
              </p>
              <p className="text-[13px] text-muted">
                By {block.createdBy}, <Time at={block.createdAt} />
              </p>
            </div>
            {mayDecide && (
              <Button
                busy={isPending && variables.id === block.id}
                aria-label={`Unblock ${isPattern(block) ? `${block.package} ` : ""}${block.versions}`}
                onClick={() => mutate(block)}
              >
                Unblock
              </Button>
            )}
          </li>
        ))}
      </ul>
    </Part>
  );
}

const isPattern = (block: BlockRow) => block.package.includes("*");

/** Blocks a version, with the reason that Composer prints. */
export function Block({ name, version }: WithheldProps) {
  const mayDecide = useMay("DECIDE_VERSIONS");
  const [open, setOpen] = useState(false);
  if (!mayDecide) return null;
  return (
    <>
      <Button className="w-fit" onClick={() => setOpen(true)}>
        Block…
      </Button>
      {open && <BlockDialog name={name} version={version} onClose={() => setOpen(false)} />}
    </>
  );
}
