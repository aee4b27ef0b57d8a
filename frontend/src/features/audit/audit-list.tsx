import { useInfiniteQuery } from "@tanstack/react-query";
import { LoadMore } from "../../components/load-more";
import { Empty, LoadError, Skeleton, TableBox } from "../../components/page";
import type { AuditEventWhere } from "../../gql/graphql";
import { rowsOf } from "../../lib/connection";
import { AuditTable } from "./audit-table";
import { type AuditEvent, auditOfQuery } from "./queries";

/** What was done to one object, the newest first. */
export function AuditList({ where }: { where: AuditEventWhere }) {
  const query = useInfiniteQuery(auditOfQuery(where));
  const events = rowsOf<AuditEvent>(query.data?.pages);
  return (
    <>
      <TableBox>
        {query.isPending ? (
          <Skeleton rows={3} />
        ) : query.isError ? (
          <LoadError error={query.error} retry={() => query.refetch()} />
        ) : events.length === 0 ? (
          <Empty text="There are no events." />
        ) : (
          <AuditTable events={events} dimmed={query.isPlaceholderData} withoutObject />
        )}
      </TableBox>
      <LoadMore query={query} />
    </>
  );
}
