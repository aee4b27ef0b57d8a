import type { TokenOrder, TokenStatus, TokenWhere } from "../../gql/graphql";
import { oneOf, present, text } from "../../lib/search";
import { day } from "../../lib/time";

/** What of the list is shown: the part of it that stands in the address. Defaults are left out. */
export type TokenSearch = {
  q?: string;
  status?: (typeof statuses)[number];
  access?: (typeof permissions)[number];
  use?: (typeof uses)[number];
  parent?: string;
  sort?: (typeof sorts)[number];
  new?: 1;
  description?: string;
};

const statuses = ["active", "expiring", "expired", "disabled", "revoked", "leaked", "unclaimed"] as const;
const permissions = ["read", "write"] as const;
const uses = ["stale", "never"] as const;
const sorts = ["name", "used", "expires"] as const;

/** Reads the address; what it says wrongly is left out. */
export function readSearch(search: Record<string, unknown>): TokenSearch {
  return present<TokenSearch>({
    q: text(search.q),
    status: oneOf(search.status, statuses),
    access: oneOf(search.access, permissions),
    use: oneOf(search.use, uses),
    parent: text(search.parent),
    sort: oneOf(search.sort, sorts),
    new: String(search.new) === "1" ? 1 : undefined,
    description: text(search.description),
  });
}

/** What the list is not narrowed by any more once the filters are cleared. */
export const noFilters = { q: undefined, status: undefined, access: undefined, use: undefined, parent: undefined };

export const isFiltered = ({ q, status, access, use, parent }: TokenSearch): boolean =>
  Boolean(q || status || access || use || parent);

/** How long before its end a token counts as expiring. */
export const expiringDays = 14;
/** After how many days without a use a token counts as stale. */
export const staleDays = 90;

const statusOf: Partial<Record<NonNullable<TokenSearch["status"]>, TokenStatus[]>> = {
  active: ["ACTIVE"],
  expiring: ["ACTIVE"],
  expired: ["EXPIRED"],
  disabled: ["DISABLED"],
  revoked: ["REVOKED"],
};

export function whereOf(search: TokenSearch, now = new Date()): TokenWhere {
  const days = (n: number) => new Date(now.getTime() + n * day).toISOString();
  return {
    search: search.q,
    status: search.status && statusOf[search.status],
    expiresBefore: search.status === "expiring" ? days(expiringDays) : undefined,
    leaked: search.status === "leaked" || undefined,
    claimPending: search.status === "unclaimed" || undefined,
    permission: search.access && (search.access === "read" ? "READ_ONLY" : "WRITE"),
    unusedSince: search.use === "stale" ? days(-staleDays) : undefined,
    createdBefore: search.use === "stale" ? days(-staleDays) : undefined,
    neverUsed: search.use === "never" || undefined,
    parent: search.parent,
  };
}

/** The filter of all that can be chosen. The server revokes nothing by an empty one, so the whole list says what it is. */
export function whereToChoose(search: TokenSearch, now = new Date()): TokenWhere {
  return isFiltered(search) ? whereOf(search, now) : { status: ["ACTIVE", "EXPIRED", "DISABLED"] };
}

const orders: Record<NonNullable<TokenSearch["sort"]>, TokenOrder> = {
  name: { field: "DESCRIPTION", direction: "ASC" },
  used: { field: "LAST_USED_AT", direction: "DESC" },
  expires: { field: "EXPIRES_AT", direction: "ASC" },
};

export function orderOf({ sort }: TokenSearch): TokenOrder {
  return sort ? orders[sort] : { field: "CREATED_AT", direction: "DESC" };
}
