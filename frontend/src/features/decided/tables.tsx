import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { More } from "../../components/more";
import { cell, row } from "../../components/page";
import { CardCell, TableHead } from "../../components/table";
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
import { PackageLink } from "../packages/package-link";
import type { Block, Row } from "./queries";

const acts = {
  accept: async (id: string) => void (await request(AcceptVersionChangeDocument, { id })),
  reject: async (id: string) => void (await request(RejectVersionChangeDocument, { id })),
  release: async (id: string) => void (await request(ReleaseVersionDocument, { id })),
  unblock: async (id: string) => void (await request(UnblockDocument, { id })),
};

type Act = { act: keyof typeof acts; id: string; done: string };

/** Decides of a version, and says what was done. */
function useActs() {
  const client = useQueryClient();
  const toast = useToast();
  const { mutate, isPending, variables } = useMutation({
    mutationFn: ({ act, id }: Act) => acts[act](id),
    onSuccess: (_, { done }) => toast(done),
    onError: (error) => toast(error.message),
    onSettled: () => changed(client, "versions"),
  });
  return { run: mutate, doing: isPending ? variables : undefined };
}

type ButtonProps = { does: Act; label: string; of: string; acting: ReturnType<typeof useActs> };

function ActButton({ does, label, of, acting: { run, doing } }: ButtonProps) {
  return (
    <Button
      busy={doing?.id === does.id && doing.act === does.act}
      aria-label={`${label}: ${of}`}
      onClick={() => run(does)}
    >
      {label}
    </Button>
  );
}

type VersionProps = { rows: Row[]; state: "changed" | "held"; mayDecide: boolean; dimmed: boolean };

/** Versions that changed, or are held back, each with what can be decided of it. */
export function VersionTable({ rows, state, mayDecide, dimmed }: VersionProps) {
  const acting = useActs();
  const titles = state === "changed" ? ["Served", "Offered by the source", "Seen"] : ["First seen", "Offered from"];
  return (
    <table className={`w-full border-collapse ${dimmed ? "opacity-60" : ""}`}>
      <TableHead titles={["Version", "Repository", ...titles, ...(mayDecide ? ["Actions"] : [])]} cards />
      <tbody>
        {rows.map((one) => {
          const of = `${one.package.name} ${one.version}`;
          return (
            <tr key={one.id} className={`${row} align-top max-sm:block max-sm:py-1.5`}>
              <th scope="row" className={`${cell} font-normal max-sm:block`}>
                <PackageLink name={one.package.name} /> <code className="wrap-words">{one.version}</code>
              </th>
              <CardCell label="Repository" className="wrap-words">
                <Link to="/repositories/$id" params={{ id: one.package.repository.id }} className="hover:underline">
                  {one.package.repository.name}
                </Link>
              </CardCell>
              {state === "changed" ? <Changed version={one} /> : <Held version={one} />}
              {mayDecide && (
                <CardCell className="max-sm:block">
                  <div className="flex flex-wrap gap-2">
                    {state === "changed" ? (
                      <>
                        <ActButton
                          label="Accept"
                          of={of}
                          acting={acting}
                          does={{
                            act: "accept",
                            id: one.id,
                            done: `${of}: the change is accepted. It is served as its source has it now.`,
                          }}
                        />
                        <ActButton
                          label="Reject"
                          of={of}
                          acting={acting}
                          does={{
                            act: "reject",
                            id: one.id,
                            done: `${of}: the change is rejected. It stays what it was.`,
                          }}
                        />
                      </>
                    ) : (
                      <ActButton
                        label="Release"
                        of={of}
                        acting={acting}
                        does={{ act: "release", id: one.id, done: `${of} is released: it is offered from now on.` }}
                      />
                    )}
                  </div>
                </CardCell>
              )}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Changed({ version: { reference, changed: change } }: { version: Row }) {
  return (
    <>
      <CardCell label="Served">
        <code className="wrap-anywhere">{short(reference)}</code>
      </CardCell>
      <CardCell label="Source">
        {change?.sha256 ? (
          <>
            other bytes, <code className="wrap-anywhere">{short(change.sha256)}</code>
          </>
        ) : (
          <code className="wrap-anywhere">{short(change?.reference)}</code>
        )}
      </CardCell>
      <CardCell label="Seen" className="whitespace-nowrap">
        {change && <Time at={change.seenAt} />}
      </CardCell>
    </>
  );
}

function Held({ version: { firstSeenAt, heldUntil } }: { version: Row }) {
  return (
    <>
      <CardCell label="First seen" className="whitespace-nowrap">
        {firstSeenAt && <Time at={firstSeenAt} />}
      </CardCell>
      <CardCell label="Offered" className="whitespace-nowrap">
        {heldUntil && <Time at={heldUntil} />}
      </CardCell>
    </>
  );
}

/** As much of a reference or digest as tells it from others. */
const short = (text?: string | null) => (text ? text.slice(0, 12) : "none");

/** What is blocked, each with its reason. */
export function BlockTable({ rows, mayDecide }: { rows: Block[]; mayDecide: boolean }) {
  const acting = useActs();
  return (
    <table className="w-full border-collapse">
      <TableHead titles={["Package", "Versions", "Reason", "By", ...(mayDecide ? ["Actions"] : [])]} cards />
      <tbody>
        {rows.map((one) => (
          <tr key={one.id} className={`${row} align-top max-sm:block max-sm:py-1.5`}>
            <th scope="row" className={`${cell} font-normal max-sm:block`}>
              {one.package.includes("*") ? <code>{one.package}</code> : <PackageLink name={one.package} />}
            </th>
            <CardCell label="Versions">
              <code className="wrap-words">{one.versions}</code>
            </CardCell>
            <CardCell className="wrap-anywhere max-sm:block">
              {one.reason} {one.link && <More address={one.link} />}
            </CardCell>
            <CardCell label="By" className="wrap-words">
              {one.createdBy}, <Time at={one.createdAt} />
            </CardCell>
            {mayDecide && (
              <CardCell className="max-sm:block">
                <ActButton
                  label="Unblock"
                  of={`${one.package} ${one.versions}`}
                  acting={acting}
                  does={{ act: "unblock", id: one.id, done: `${one.package} ${one.versions} is unblocked.` }}
                />
              </CardCell>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
