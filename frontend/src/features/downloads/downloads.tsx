import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Address } from "../../components/address";
import { LoadMore } from "../../components/load-more";
import { cell, Empty, LoadError, row, Skeleton, TableBox } from "../../components/page";
import { CardCell, TableHead } from "../../components/table";
import { Time } from "../../components/time";
import type { DownloadWhere } from "../../gql/graphql";
import { rowsOf } from "../../lib/connection";
import { number } from "../../lib/time";
import { PackageLink } from "../packages/package-link";
import { Status } from "../tokens/badges";
import { type Download, downloadsQuery } from "./queries";

type Props = {
  where: DownloadWhere;
  empty: string;
  summary?: (tokens: number) => ReactNode;
  /** How the package writes a normalised version, where that is known. */
  written?: ReadonlyMap<string, string>;
};

/** Who downloaded a package, or what a token downloaded: what the filter names already is left out of the rows. */
export function Downloads({ where, empty, summary, written }: Props) {
  const query = useInfiniteQuery(downloadsQuery(where));
  const rows = rowsOf(query.data?.pages);
  return (
    <>
      {summary && query.data && rows.length > 0 && (
        <p role="status" className="text-muted">
          {summary(query.data.pages[0]?.tokenCount ?? 0)}
        </p>
      )}
      <TableBox>
        {query.isPending ? (
          <Skeleton rows={3} />
        ) : query.isError ? (
          <LoadError error={query.error} retry={() => query.refetch()} />
        ) : rows.length === 0 ? (
          <Empty text={empty} />
        ) : (
          <DownloadTable rows={rows} where={where} written={written} dimmed={query.isPlaceholderData} />
        )}
      </TableBox>
      <LoadMore query={query} />
    </>
  );
}

type TableProps = Pick<Props, "where" | "written"> & { rows: Download[]; dimmed: boolean };

function DownloadTable({ rows, where, written, dimmed }: TableProps) {
  const first = where.token ? ["Package"] : ["Token"];
  const titles = [...first, ...(where.version ? [] : ["Version"]), "From", "Downloads", "Last"];
  return (
    <table className={`w-full border-collapse ${dimmed ? "opacity-60" : ""}`}>
      <TableHead titles={titles} cards />
      <tbody>
        {rows.map((d) => (
          <tr
            key={`${d.token?.id} ${d.secretHint} ${d.package} ${d.version} ${d.address} ${d.client}`}
            className={`${row} max-sm:block max-sm:pb-2`}
          >
            <th scope="row" className={`${cell} font-normal max-sm:block`}>
              {where.token ? <PackageLink name={d.package} /> : <Downloader download={d} />}
            </th>
            {!where.version && (
              <CardCell label="Version">
                <code className="wrap-words">{written?.get(d.version) ?? d.version}</code>
              </CardCell>
            )}
            <td className={`${cell} max-sm:block max-sm:py-1`}>
              <From address={d.address} client={d.client} />
            </td>
            <CardCell label="Downloads">{number(d.downloads)}</CardCell>
            <CardCell label="Last" className="whitespace-nowrap">
              <Time at={d.lastAt} />
            </CardCell>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Downloader({ download: { token, secretHint } }: { download: Download }) {
  if (!token) return <span className="text-muted">A token you may not see</span>;
  return (
    <span className="grid">
      <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <Link to="/tokens/$id" params={{ id: token.id }} className="font-medium wrap-anywhere hover:underline">
          {token.description}
        </Link>
        {token.status !== "ACTIVE" && <Status status={token.status} />}
      </span>
      <code className="text-muted">{secretHint}</code>
    </span>
  );
}

/** An address, and the client that it told of itself. */
export function From({ address, client }: { address: string; client?: string | null }) {
  return (
    <span className="grid">
      <Address text={address} />
      {client && <span className="text-[13px] text-muted wrap-anywhere">{client}</span>}
    </span>
  );
}
