import { Badge, type Tone } from "../../components/badge";
import { Time } from "../../components/time";
import type { TokenStatus } from "../../gql/graphql";
import { day, daysUntil, everywhere } from "../../lib/time";
import type { Token } from "./queries";
import { type Rule, ruleSentence } from "./rule-words";
import { expiringDays, staleDays } from "./search";

const unusedDays = 30;

/** When the token was last used, and whether that is long ago. */
export function LastUsed({ token, now = new Date() }: { token: Token; now?: Date }) {
  const live = token.status === "ACTIVE";
  if (!token.lastUsedAt) {
    const old = daysUntil(token.createdAt, now) < -unusedDays;
    return live && old ? <Badge tone="warn">Never used</Badge> : <span className="text-muted">Never used</span>;
  }
  const stale = daysUntil(token.lastUsedAt, now) < -staleDays;
  const where = [token.lastUsedAddress, token.lastUsedClient].filter(Boolean).join(", ");
  return (
    <span className="inline-flex flex-wrap items-center gap-2" title={where || undefined}>
      <Time at={token.lastUsedAt} now={now} />
      {stale && live && <Badge tone="warn">Stale</Badge>}
    </span>
  );
}

const isSoon = (at: string, now: Date) => new Date(at).getTime() - now.getTime() <= expiringDays * day;

/** Whether Expiry says in words what its instant is, and not the instant alone. */
export function saysItsEnd({ status, expiresAt }: Token, now = new Date()): boolean {
  return status === "REVOKED" || status === "EXPIRED" || !expiresAt || isSoon(expiresAt, now);
}

/** When the token ends, or that it has ended. */
export function Expiry({ token, now = new Date() }: { token: Token; now?: Date }) {
  if (token.status === "REVOKED") {
    return <Badge tone="danger">Revoked {token.revokedAt && <Time at={token.revokedAt} now={now} />}</Badge>;
  }
  if (!token.expiresAt) return <Badge tone="warn">No expiry</Badge>;
  if (token.status === "EXPIRED") {
    return (
      <Badge tone="danger">
        Expired <Time at={token.expiresAt} now={now} />
      </Badge>
    );
  }
  if (isSoon(token.expiresAt, now)) {
    return (
      <Badge tone="warn">
        Expires <Time at={token.expiresAt} now={now} />
      </Badge>
    );
  }
  return <Time at={token.expiresAt} now={now} />;
}

/** The patterns a token is restricted to: the first, and how many more; and whether it has some of their versions only. */
export function Packages({ patterns, rules }: { patterns: readonly string[]; rules: readonly Rule[] }) {
  return (
    <>
      {patterns.length === 0 ? (
        <span className="text-muted">All</span>
      ) : (
        <code title={patterns.join(", ")}>
          {patterns[0]}
          {patterns.length > 1 && ` +${patterns.length - 1}`}
        </code>
      )}
      {rules.length > 0 && (
        <span title={rules.map(ruleSentence).join("\n")} className="block text-[13px] text-muted">
          Some versions
        </span>
      )}
    </>
  );
}

export const permissionName = (token: Token) => (token.permission === "WRITE" ? "Write" : "Read-only");

/** What is wrong with a token beside its expiry: it was switched off, or found in a public place. */
export function Troubles({ token }: { token: Token }) {
  return (
    <>
      {token.leakedAt && (
        <Badge tone="danger" title={`Found in a public place: ${everywhere(token.leakedAt)}`}>
          Leaked
        </Badge>
      )}
      {token.status === "DISABLED" && (
        <Badge tone="warn" title={token.disabledAt ? `Disabled: ${everywhere(token.disabledAt)}` : undefined}>
          Disabled
        </Badge>
      )}
      {token.claimPending && (
        <Badge tone="warn" title={token.claimEndsAt ? `Its link ends: ${everywhere(token.claimEndsAt)}` : undefined}>
          Not claimed
        </Badge>
      )}
    </>
  );
}

const statuses: Record<TokenStatus, [Tone, string]> = {
  ACTIVE: ["good", "Active"],
  EXPIRED: ["danger", "Expired"],
  REVOKED: ["danger", "Revoked"],
  DISABLED: ["warn", "Disabled"],
};

/** Whether the token works. */
export function Status({ status }: { status: TokenStatus }) {
  const [tone, text] = statuses[status];
  return <Badge tone={tone}>{text}</Badge>;
}
