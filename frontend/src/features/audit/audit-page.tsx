import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { LoadMore } from "../../components/load-more";
import { Empty, LoadError, PageHead, Skeleton, TableBox } from "../../components/page";
import { FileLink } from "../../components/table";
import { Button } from "../../components/ui/button";
import { rowsOf } from "../../lib/connection";
import { AuditTable } from "./audit-table";
import { useChainCheck } from "./chain-check";
import { AuditFilters } from "./filters";
import { type AuditEvent, auditQuery } from "./queries";
import { type AuditSearch, auditFile, whereOf } from "./search";

export function AuditPage() {
  const search = useSearch({ from: "/_app/audit" });
  const navigate = useNavigate({ from: "/audit" });
  const query = useInfiniteQuery(auditQuery(search));
  const { button, result } = useChainCheck();
  const change = (part: Partial<AuditSearch>) =>
    void navigate({ search: (now) => ({ ...now, ...part }), replace: true });
  const where = whereOf(search);
  const events = rowsOf<AuditEvent>(query.data?.pages);
  return (
    <>
      <PageHead
        title="Audit"
        text="Who did what, when, and from where. Nothing here can be changed."
        action={
          <span className="flex flex-wrap gap-2">
            {button}
            <FileLink href={auditFile("csv", where)}>CSV</FileLink>
            <FileLink href={auditFile("jsonl", where)}>JSON Lines</FileLink>
          </span>
        }
      />
      {result}
      <AuditFilters search={search} change={change} total={query.data?.pages[0]?.totalCount} />
      <TableBox>
        {query.isPending ? (
          <Skeleton />
        ) : query.isError ? (
          <LoadError error={query.error} retry={() => query.refetch()} />
        ) : events.length === 0 ? (
          <NoEvents filtered={Object.keys(search).length > 0} clear={() => void navigate({ search: {} })} />
        ) : (
          <AuditTable events={events} dimmed={query.isPlaceholderData} />
        )}
      </TableBox>
      <LoadMore query={query} />
    </>
  );
}

function NoEvents({ filtered, clear }: { filtered: boolean; clear: () => void }) {
  if (!filtered) return <Empty text="Nothing was done yet." />;
  return <Empty text="No events match these filters." action={<Button onClick={clear}>Clear filters</Button>} />;
}
