import { Badge } from "../../components/badge";
import { Time } from "../../components/time";
import { absolute, daysUntil, relative } from "../../lib/time";
import { expiringDays, type Token } from "./queries";

const staleDays = 90;
const unusedDays = 30;

/** When the token was last used, and whether that is long ago. */
export function LastUsed({ token, now = new Date() }: { token: Token; now?: Date }) {
  if (!token.lastUsedAt) {
    const old = daysUntil(token.createdAt, now) < -unusedDays;
    return (
      <span className="flex flex-wrap items-center gap-2 text-muted">
        Never used {old && token.status === "ACTIVE" && <Badge tone="warn">Unused</Badge>}
      </span>
    );
  }
  const stale = daysUntil(token.lastUsedAt, now) < -staleDays;
  const where = [token.lastUsedAddress, token.lastUsedClient].filter(Boolean).join(", ");
  return (
    <span className="flex flex-wrap items-center gap-2" title={where || undefined}>
      <Time at={token.lastUsedAt} />
      {stale && token.status === "ACTIVE" && <Badge tone="warn">Stale</Badge>}
    </span>
  );
}

/** When the token ends, or that it has ended. */
export function Expiry({ token, now = new Date() }: { token: Token; now?: Date }) {
  if (token.status === "REVOKED") {
    return <Badge tone="danger">Revoked {token.revokedAt ? relative(token.revokedAt, now) : ""}</Badge>;
  }
  if (!token.expiresAt) return <Badge tone="warn">No expiry</Badge>;
  const title = absolute(token.expiresAt);
  if (token.status === "EXPIRED") {
    return (
      <Badge tone="danger" title={title}>
        Expired {relative(token.expiresAt, now)}
      </Badge>
    );
  }
  if (daysUntil(token.expiresAt, now) < expiringDays) {
    return (
      <Badge tone="warn" title={title}>
        Expires {relative(token.expiresAt, now)}
      </Badge>
    );
  }
  return <Time at={token.expiresAt} />;
}

/** The patterns a token is restricted to: the first, and how many more. */
export function Packages({ patterns }: { patterns: readonly string[] }) {
  if (patterns.length === 0) return <span className="text-muted">All</span>;
  return (
    <code title={patterns.join(", ")}>
      {patterns[0]}
      {patterns.length > 1 && ` +${patterns.length - 1}`}
    </code>
  );
}
