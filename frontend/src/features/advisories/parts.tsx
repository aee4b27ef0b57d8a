import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Badge } from "../../components/badge";
import { later } from "../../components/later";
import { cell, row } from "../../components/page";
import { CardCell, TableHead } from "../../components/table";
import { Time } from "../../components/time";
import { Button } from "../../components/ui/button";
import { useToast } from "../../components/ui/toast";
import { RemoveAdvisoryDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import { number } from "../../lib/time";
import { PackageLink } from "../packages/package-link";
import type { Advisory, Installs } from "./queries";

const AdvisoryDialog = later(async () => (await import("./advisory-dialog")).AdvisoryDialog);

/** What an advisory is of: its title, how bad it is, and what it is called. */
export function Weakness({ advisory }: { advisory: Advisory }) {
  const called = advisory.cve ?? advisory.advisoryId;
  return (
    <span className="wrap-anywhere">
      {advisory.severity && (
        <Badge tone={advisory.severity === "low" || advisory.severity === "medium" ? "warn" : "danger"}>
          {advisory.severity}
        </Badge>
      )}{" "}
      {advisory.title} (
      {advisory.link ? (
        <a href={advisory.link} rel="noopener noreferrer" className="text-accent underline">
          {called}
        </a>
      ) : (
        called
      )}
      )
    </span>
  );
}

/** Changes and removes an advisory that was written here. */
export function AdvisoryActions({ advisory }: { advisory: Advisory }) {
  const client = useQueryClient();
  const toast = useToast();
  const [changing, setChanging] = useState(false);
  const { mutate, isPending } = useMutation({
    mutationFn: () => request(RemoveAdvisoryDocument, { id: advisory.id }),
    onSuccess: () => toast(`${advisory.advisoryId} is removed.`),
    onError: (error) => toast(error.message),
    onSettled: () => changed(client, "versions"),
  });
  return (
    <div className="flex flex-wrap gap-2">
      <Button aria-label={`Change: ${advisory.title}`} onClick={() => setChanging(true)}>
        Change…
      </Button>
      <Button aria-label={`Remove: ${advisory.title}`} busy={isPending} onClick={() => mutate()}>
        Remove
      </Button>
      {changing && <AdvisoryDialog advisory={advisory} onClose={() => setChanging(false)} />}
    </div>
  );
}

/** The advisories that were written here. */
export function AdvisoryTable({ rows, mayDecide }: { rows: readonly Advisory[]; mayDecide: boolean }) {
  return (
    <table className="w-full border-collapse">
      <TableHead titles={["Package", "Versions", "Advisory", "By", ...(mayDecide ? ["Actions"] : [])]} cards />
      <tbody>
        {rows.map((one) => (
          <tr key={one.id} className={`${row} align-top max-sm:block max-sm:py-1.5`}>
            <th scope="row" className={`${cell} font-normal max-sm:block`}>
              <PackageLink name={one.package} />
            </th>
            <CardCell label="Versions">
              <code className="wrap-words">{one.affectedVersions}</code>
            </CardCell>
            <CardCell className="max-sm:block">
              <Weakness advisory={one} />
            </CardCell>
            <CardCell label="By" className="wrap-words">
              {one.createdBy}, <Time at={one.reportedAt} />
            </CardCell>
            {mayDecide && (
              <CardCell className="max-sm:block">
                <AdvisoryActions advisory={one} />
              </CardCell>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

type InstallsProps = { rows: readonly Installs[]; ofOne?: boolean; dimmed?: boolean };

/** Who still installs what is affected; ofOne: all of one package. */
export function InstallsTable({ rows, ofOne = false, dimmed = false }: InstallsProps) {
  return (
    <table className={`w-full border-collapse ${dimmed ? "opacity-60" : ""}`}>
      <TableHead titles={["Version", "Token", "Why", "Downloads", "Last"]} cards />
      <tbody>
        {rows.map((one) => (
          <tr
            key={`${one.package} ${one.version} ${one.token?.id ?? one.lastAt}`}
            className={`${row} align-top max-sm:block max-sm:py-1.5`}
          >
            <th scope="row" className={`${cell} font-normal max-sm:block`}>
              {!ofOne && <PackageLink name={one.package} />} <code className="wrap-words">{one.version}</code>
            </th>
            <CardCell label="Token" className="wrap-words">
              {one.token ? (
                <Link to="/tokens/$id" params={{ id: one.token.id }} className="text-accent underline">
                  {one.token.description}
                </Link>
              ) : (
                <span className="text-muted">Not here any more</span>
              )}
            </CardCell>
            <CardCell className="max-sm:block">
              <ul className="grid gap-1">
                {one.advisories.map((advisory) => (
                  <li key={advisory.id}>
                    <Weakness advisory={advisory} />
                  </li>
                ))}
                {one.blocks.map((block) => (
                  <li key={block.id} className="wrap-anywhere">
                    <Badge tone="danger">blocked</Badge> {block.reason}
                  </li>
                ))}
              </ul>
            </CardCell>
            <CardCell label="Downloads">{number(one.downloads)}</CardCell>
            <CardCell label="Last" className="whitespace-nowrap">
              <Time at={one.lastAt} />
            </CardCell>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
