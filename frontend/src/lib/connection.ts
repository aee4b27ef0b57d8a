/** The rows of a connection's pages. */
export function rowsOf<T>(pages: { edges?: ({ node?: T | null } | null)[] | null }[] | undefined): T[] {
  return (pages ?? []).flatMap((page) => (page.edges ?? []).flatMap((edge) => (edge?.node ? [edge.node] : [])));
}

type Page = { pageInfo: { hasNextPage: boolean; endCursor?: string | null } };

/** Where a connection is read on: the first page begins at null, and after the last there is none. */
export const paged = {
  initialPageParam: null as string | null,
  getNextPageParam: (last: Page) => (last.pageInfo.hasNextPage ? last.pageInfo.endCursor : null),
};
