import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { Suspense, useState } from "react";
import { later } from "../../components/later";
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
import { viewerQuery } from "../account/queries";
import { blocksQuery, type Decided, versionQuery } from "./queries";

const BlockDialog = later(async () => (await import("./block-dialog")).BlockDialog);

const acts = {
  accept: (id: string) => request(AcceptVersionChangeDocument, { id }),
  reject: (id: string) => request(RejectVersionChangeDocument, { id }),
  release: (id: string) => request(ReleaseVersionDocument, { id }),
};

type Act = keyof typeof acts;
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

function useMayDecide(): boolean {
  return useSuspenseQuery(viewerQuery).data.role !== "VIEWER";
}

export function Why({ version }: { version: Decided }) {
  const mayDecide = useMayDecide();
  const client = useQueryClient();
  const toast = useToast();
  const { mutate, isPending, variables } = useMutation({
    mutationFn: (act: Act): Promise<unknown> => acts[act](version.id),
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
    <Callout>
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
          {version.changed && button("reject", "Keep what is served", "Keeping")}
          {version.heldUntil && button("release", "Offer it now", "Offering")}
        </div>
      ) : (
        (version.changed || version.heldUntil) && <p>A maintainer can decide about it.</p>
      )}
    </Callout>
  );
}

/** The blocks of a package, each of which can be removed. */
export function Blocks({ name }: { name: string }) {
  const { data: blocks = [] } = useQuery(blocksQuery(name));
  const mayDecide = useMayDecide();
  const client = useQueryClient();
  const toast = useToast();
  const { mutate, isPending, variables } = useMutation({
    mutationFn: (id: string) => request(UnblockDocument, { id }),
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
              <code>{block.versions}</code>
              <p>{block.reason}</p>
              <p className="text-[13px] text-muted">
                By {block.createdBy}, <Time at={block.createdAt} />
              </p>
            </div>
            {mayDecide && (
              <Button
                busy={isPending && variables === block.id}
                aria-label={`Unblock ${block.versions}`}
                onClick={() => mutate(block.id)}
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

/** Blocks a version, with the reason that Composer prints. */
export function Block({ name, version }: WithheldProps) {
  const mayDecide = useMayDecide();
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
