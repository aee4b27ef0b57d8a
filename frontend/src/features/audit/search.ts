import type { AuditEventWhere } from "../../gql/graphql";
import { date, fileUrl, oneOf, present, text } from "../../lib/search";
import { day, startOfDay } from "../../lib/time";

/** Which events are shown; it stands in the address. days: so many up to now; from and to: whole days of
 * the reader, both inclusive. */
export type AuditSearch = {
  q?: string;
  actor?: string;
  action?: string;
  target?: string;
  days?: (typeof periods)[number];
  from?: string;
  to?: string;
};

export const periods = [1, 7, 30, 90] as const;

export function readSearch(search: Record<string, unknown>): AuditSearch {
  return present<AuditSearch>({
    q: text(search.q),
    actor: text(search.actor),
    action: text(search.action),
    target: text(search.target),
    days: oneOf(Number(search.days), periods),
    from: date(search.from),
    to: date(search.to),
  });
}

export function whereOf(search: AuditSearch, now = new Date()): AuditEventWhere {
  const { q, actor, action, target, days, from, to } = search;
  return present({
    search: q,
    actor,
    action,
    target,
    after: days ? new Date(now.getTime() - days * day).toISOString() : from && startOfDay(from).toISOString(),
    before: !days && to ? startOfDay(to, 1).toISOString() : undefined,
  });
}

/** The same events, all of them, as a file. */
export function auditFile(format: "csv" | "jsonl", where: AuditEventWhere): string {
  return fileUrl(`/export/audit.${format}`, where as Record<string, string>);
}
