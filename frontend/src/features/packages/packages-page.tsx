import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Badge } from "../../components/badge";
import { LoadMore } from "../../components/load-more";
import { cell, Empty, LoadError, PageHead, row, Skeleton, TableBox } from "../../components/page";
import { SearchBox } from "../../components/search-box";
import { CardCell, TableHead } from "../../components/table";
import { Button } from "../../components/ui/button";
import { Select } from "../../components/ui/field";
import type { PackagesQuery } from "../../gql/graphql";
import { rowsOf } from "../../lib/connection";
import { count, number } from "../../lib/time";
import { PackageLink } from "./package-link";
import { type PackageSearch, packagesQuery } from "./queries";
import { isBlocked } from "./state";

type Row = NonNullable<NonNullable<NonNullable<PackagesQuery["packages"]["edges"]>[number]>["node"]>;

export function PackagesPage() {
  const search = useSearch({ from: "/_app/packages/" });
  const navigate = useNavigate({ from: "/packages/" });
  const query = useInfiniteQuery(packagesQuery(search));
  const change = (part: Partial<PackageSearch>) =>
    void navigate({ search: (now) => ({ ...now, ...part }), replace: true });
  const total = query.data?.pages[0]?.totalCount;
  return (
    <>
      <PageHead title="Packages" text="What Composer can install from this server." />
      <div className="mb-4 flex flex-wrap items-center gap-2">
        <SearchBox label="Search packages" value={search.q ?? ""} onChange={(q) => change({ q: q || undefined })} />
        <Select
          aria-label="Sort by"
          fit
          value={search.sort ?? ""}
          onChange={({ target }) => change({ sort: (target.value || undefined) as PackageSearch["sort"] })}
        >
          <option value="">Name</option>
          <option value="downloads">Most downloaded</option>
          <option value="released">Newest release</option>
        </Select>
        {search.repository && <Button onClick={() => change({ repository: undefined })}>Of all repositories</Button>}
        <span role="status" className="ml-auto text-muted">
          {total !== undefined && count(total, "package")}
        </span>
      </div>
      <TableBox>
        {query.isPending ? (
          <Skeleton />
        ) : query.isError ? (
          <LoadError error={query.error} retry={() => query.refetch()} />
        ) : (
          <PackageTable
            rows={rowsOf<Row>(query.data.pages)}
            dimmed={query.isPlaceholderData}
            filtered={Boolean(search.q)}
          />
        )}
      </TableBox>
      <LoadMore query={query} />
    </>
  );
}

function PackageTable({ rows, dimmed, filtered }: { rows: Row[]; dimmed: boolean; filtered: boolean }) {
  if (rows.length === 0) {
    return (
      <Empty
        text={filtered ? "No packages match." : "No packages yet. They come with the first sync of a repository."}
      />
    );
  }
  return (
    <table className={`w-full border-collapse ${dimmed ? "opacity-60" : ""}`}>
      <TableHead titles={["Package", "Latest", "Downloads", "Repository"]} cards />
      <tbody>
        {rows.map((p) => (
          <tr key={p.id} className={`${row} max-sm:block max-sm:pb-2`}>
            <th scope="row" className={`${cell} font-normal max-sm:block`}>
              <span className="flex flex-wrap items-center gap-2">
                <PackageLink name={p.name} />
                {p.abandoned != null && <Badge tone="warn">Abandoned</Badge>}
                {p.withheld &&
                  (isBlocked(p.withheld) ? (
                    <Badge tone="danger">Blocked</Badge>
                  ) : (
                    <Badge tone="plain">Not served</Badge>
                  ))}
              </span>
              {p.withheld && <span className="block text-[13px]">{p.withheld}</span>}
              <span className="text-[13px] text-muted wrap-anywhere">{p.description}</span>
            </th>
            <CardCell label={p.latest ? "Latest" : undefined}>
              <code className="wrap-words">{p.latest?.version}</code>
            </CardCell>
            <CardCell label="Downloads">{number(p.downloads)}</CardCell>
            <CardCell label="From" className="wrap-words">
              {p.repository.name}
            </CardCell>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
