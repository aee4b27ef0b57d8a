import type { ReactNode } from "react";
import { Empty, LoadError, Skeleton, TableBox } from "../../components/page";

type ListProps = {
  query: { isPending: boolean; error: Error | null; refetch: () => unknown };
  empty: boolean;
  none: string;
  children: ReactNode;
};

/** A table in its box, or what is said instead of it while it is read, where that failed, and where it has no rows. */
export function List({ query, empty, none, children }: ListProps) {
  return (
    <TableBox>
      {query.isPending ? (
        <Skeleton rows={3} />
      ) : query.error ? (
        <LoadError error={query.error} retry={() => query.refetch()} />
      ) : empty ? (
        <Empty text={none} />
      ) : (
        children
      )}
    </TableBox>
  );
}
