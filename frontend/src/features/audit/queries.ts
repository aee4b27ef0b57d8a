import { infiniteQueryOptions, keepPreviousData } from "@tanstack/react-query";
import { AuditEventsDocument, type AuditEventsQuery, type AuditEventWhere } from "../../gql/graphql";
import { paged } from "../../lib/connection";
import { request } from "../../lib/graphql";
import { type AuditSearch, whereOf } from "./search";

type Edges = NonNullable<AuditEventsQuery["auditEvents"]["edges"]>;
export type AuditEvent = NonNullable<NonNullable<Edges[number]>["node"]>;

/** The events of the page, 50 at a time. */
export const auditQuery = (search: AuditSearch) => eventsQuery(["audit", "page", search], () => whereOf(search), 50);

/** The events of one object, for its own page. */
export const auditOfQuery = (where: AuditEventWhere) => eventsQuery(["audit", "of", where], () => where, 10);

function eventsQuery(queryKey: unknown[], where: () => AuditEventWhere, first: number) {
  return infiniteQueryOptions({
    queryKey,
    queryFn: async ({ pageParam }) =>
      (await request(AuditEventsDocument, { first, after: pageParam, where: where() })).auditEvents,
    ...paged,
    placeholderData: keepPreviousData,
  });
}
