import { infiniteQueryOptions, keepPreviousData } from "@tanstack/react-query";
import {
  type TokenOrder,
  type TokenRowFragment,
  type TokenStatus,
  TokensDocument,
  type TokenWhere,
} from "../../gql/graphql";
import { request } from "../../lib/graphql";

export type Token = TokenRowFragment;

/** What of the list is shown: the part of it that stands in the address. Defaults are left out. */
export type TokenSearch = {
  q?: string;
  status?: "active" | "expiring" | "expired" | "revoked";
  access?: "read" | "write";
  sort?: "name" | "used" | "expires";
  new?: 1;
  description?: string;
};

const statuses = ["active", "expiring", "expired", "revoked"] as const;
const sorts = ["name", "used", "expires"] as const;

const oneOf = <T extends string>(value: unknown, all: readonly T[]) => all.find((one) => one === value);

/** Reads the address; what it says wrongly is left out. */
export function readSearch(search: Record<string, unknown>): TokenSearch {
  const all: TokenSearch = {
    q: typeof search.q === "string" && search.q ? search.q.slice(0, 200) : undefined,
    status: oneOf(search.status, statuses),
    access: oneOf(search.access, ["read", "write"] as const),
    sort: oneOf(search.sort, sorts),
    new: String(search.new) === "1" ? 1 : undefined,
    description: typeof search.description === "string" ? search.description.slice(0, 200) : undefined,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** How long before its end a token counts as expiring. */
export const expiringDays = 14;

export function whereOf(search: TokenSearch, now = new Date()): TokenWhere {
  const status: Record<string, TokenStatus[]> = {
    active: ["ACTIVE"],
    expiring: ["ACTIVE"],
    expired: ["EXPIRED"],
    revoked: ["REVOKED"],
  };
  return {
    search: search.q,
    status: search.status ? status[search.status] : undefined,
    expiresBefore:
      search.status === "expiring" ? new Date(now.getTime() + expiringDays * 86_400_000).toISOString() : undefined,
    permission: search.access && (search.access === "read" ? "READ_ONLY" : "WRITE"),
  };
}

export function orderOf(search: TokenSearch): TokenOrder {
  const orders: Record<string, TokenOrder> = {
    name: { field: "DESCRIPTION", direction: "ASC" },
    used: { field: "LAST_USED_AT", direction: "DESC" },
    expires: { field: "EXPIRES_AT", direction: "ASC" },
  };
  return orders[search.sort ?? ""] ?? { field: "CREATED_AT", direction: "DESC" };
}

export function tokensQuery(search: TokenSearch) {
  const { q, status, access, sort } = search;
  return infiniteQueryOptions({
    queryKey: ["tokens", { q, status, access, sort }],
    queryFn: async ({ pageParam }) =>
      (await request(TokensDocument, { first: 50, after: pageParam, where: whereOf(search), orderBy: orderOf(search) }))
        .tokens,
    initialPageParam: null as string | null,
    getNextPageParam: (last) => (last.pageInfo.hasNextPage ? last.pageInfo.endCursor : null),
    placeholderData: keepPreviousData,
  });
}

/** The rows of a connection's pages. */
export function rowsOf<T>(pages: { edges?: ({ node?: T | null } | null)[] | null }[] | undefined): T[] {
  return (pages ?? []).flatMap((page) => (page.edges ?? []).flatMap((edge) => (edge?.node ? [edge.node] : [])));
}
