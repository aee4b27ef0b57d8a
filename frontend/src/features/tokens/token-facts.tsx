import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { Address } from "../../components/address";
import { Callout, Fact, Facts, Panel } from "../../components/panel";
import { Time } from "../../components/time";
import type { TokenNoticeKind } from "../../gql/graphql";
import { count, number } from "../../lib/time";
import { Expiry, LastUsed, permissionName } from "./badges";
import { ReleaseTokens } from "./dialogs";
import type { FullToken } from "./queries";
import { RateMeter } from "./rate-meter";
import { type Rule, ruleSentence } from "./rule-words";

const leaks: readonly TokenNoticeKind[] = ["LEAKED", "LEAK_ENDING"];

/** What a person must know of this token before anything else. */
export function Notices({ token }: { token: FullToken }) {
  const notices = token.noticesWithKind;
  return (
    <>
      {token.leakedAt && (
        <Callout tone="danger">
          <p className="font-medium">
            A secret of it was found in a public place <Time at={token.leakedAt} />.{" "}
            {notices.some(({ kind }) => kind === "LEAK_ENDING")
              ? "The rotation under way ends that secret; end it now if nobody needs it."
              : "Rotate or delete it."}
          </p>
          {token.leakedUrl && (
            <p>
              <Address text={token.leakedUrl} />
            </p>
          )}
        </Callout>
      )}
      {token.revokedAt && (
        <Callout tone="danger">
          <p>
            Revoked <Time at={token.revokedAt} />
            {token.revokedBy && ` by ${token.revokedBy}`}
            {token.revokedReason ? `: ${token.revokedReason}` : "."}
          </p>
        </Callout>
      )}
      {token.status === "DISABLED" && token.disabledAt && (
        <Callout>
          <p>
            Disabled <Time at={token.disabledAt} />
            {token.disabledReason ? `: ${token.disabledReason}` : "."}
          </p>
        </Callout>
      )}
      {notices
        .filter(({ kind }) => !leaks.includes(kind)) // told of above, with the place
        .map(({ kind, text }) => (
          <Callout key={`${kind} ${text}`}>
            <p>{text}</p>
          </Callout>
        ))}
    </>
  );
}

/** What a token is and may do, and how much of the hour's requests is used. */
export function TokenFacts({ token, mayRelease }: { token: FullToken; mayRelease: boolean }) {
  return (
    <div className="grid items-start gap-6 lg:grid-cols-3">
      <Panel title="What it is" className="lg:col-span-2">
        <Facts>
          <Fact name="Permissions">{permissionName(token)}</Fact>
          <Fact name="Packages">{list(token.packages, "All packages")}</Fact>
          <Fact name="Versions">
            <Rules rules={token.packageRules} />
          </Fact>
          <Fact name="Networks">{list(token.networks, "From anywhere")}</Fact>
          <Fact name="Expires">
            <Expiry token={token} />
          </Fact>
          <Fact name="Created">
            <Time at={token.createdAt} /> by {token.createdBy}
            {token.createdByRemoved && ", who has been removed"}
          </Fact>
          {token.claimedAt && (
            <Fact name="Claimed">
              <Time at={token.claimedAt} />
              {token.claimedBy && ` by ${token.claimedBy}`}
              {token.claimedAddress && <code className="block text-muted">{token.claimedAddress}</code>}
              {token.claimedClient && <span className="block text-[13px] text-muted">{token.claimedClient}</span>}
            </Fact>
          )}
          <Fact name="Last used">
            <LastUsed token={token} />
            {token.lastUsedAddress && <code className="block text-muted">{token.lastUsedAddress}</code>}
            {token.lastUsedClient && <span className="block text-[13px] text-muted">{token.lastUsedClient}</span>}
          </Fact>
          {token.externalId && (
            <Fact name="External ID">
              <code>{token.externalId}</code>
            </Fact>
          )}
          {token.labels.length > 0 && (
            <Fact name="Labels">
              {list(
                token.labels.map(({ name, value }) => `${name}=${value}`),
                "",
              )}
            </Fact>
          )}
          <Family token={token} mayRelease={mayRelease && token.status !== "REVOKED"} />
        </Facts>
      </Panel>
      <Panel title="Rate limit">
        {token.status === "REVOKED" ? (
          <p>{token.rateLimit === 0 ? "No limit." : `${number(token.rateLimit)} requests an hour.`}</p>
        ) : (
          <RateMeter status={token.rateLimitStatus} />
        )}
      </Panel>
    </div>
  );
}

/** Which versions it may have, in sentences. */
function Rules({ rules }: { rules: readonly Rule[] }) {
  if (rules.length === 0) return "Every version of its packages";
  return (
    <ul className="grid gap-1">
      {rules.map((rule) => (
        <li key={ruleSentence(rule)}>{ruleSentence(rule)}</li>
      ))}
    </ul>
  );
}

/** The token that made it, and how many it made. */
function Family({ token, mayRelease }: { token: FullToken; mayRelease: boolean }) {
  const [asked, setAsked] = useState(false);
  return (
    <>
      {token.parent && (
        <Fact name="Made by the token">
          <Link to="/tokens/$id" params={{ id: token.parent.id }} className="text-accent underline">
            {token.parent.description}
          </Link>
          {mayRelease && (
            <button type="button" className="ml-3 text-accent underline" onClick={() => setAsked(true)}>
              Release…
            </button>
          )}
          {asked && <ReleaseTokens ids={[token.id]} onClose={() => setAsked(false)} />}
        </Fact>
      )}
      {token.childCount > 0 && (
        <Fact name="Made">
          <Link to="/tokens" search={{ parent: token.id }} className="text-accent underline">
            {count(token.childCount, "token")}
          </Link>
        </Fact>
      )}
    </>
  );
}

function list(all: readonly string[], none: string): ReactNode {
  if (all.length === 0) return none;
  return (
    <span className="flex flex-wrap gap-x-3">
      {all.map((one) => (
        <code key={one}>{one}</code>
      ))}
    </span>
  );
}
