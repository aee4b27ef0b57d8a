import type { ReactNode } from "react";
import { Badge } from "../../components/badge";
import { Part } from "../../components/panel";
import { Time } from "../../components/time";
import { AddressTable } from "./address-table";
import type { FullToken, Secret } from "./queries";
import { Rotation } from "./rotation";

/** The secrets in force and who uses each; while a rotation runs, first of all who still uses the old one. */
export function Secrets({ token, mayManage }: { token: FullToken; mayManage: boolean }) {
  const [old, fresh] = token.secrets;
  if (!old) return null;
  if (!fresh) {
    return (
      <Part title="Secret in force">
        <SecretBox secret={old} />
      </Part>
    );
  }
  return (
    <Part title="Secrets in force">
      <Rotation token={token} old={old} fresh={fresh} mayManage={mayManage} />
      <SecretBox secret={fresh} badge={<Badge tone="good">New</Badge>} />
      <SecretBox secret={old} badge={<Badge tone="warn">Old</Badge>} />
    </Part>
  );
}

function SecretBox({ secret, badge }: { secret: Secret; badge?: ReactNode }) {
  const used = secret.addresses.length;
  return (
    <div className="grid min-w-0 gap-3 rounded-lg border border-line bg-panel p-5">
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <code className="font-medium">{secret.hint}</code>
        {badge}
        <span className="text-muted">
          Created <Time at={secret.createdAt} />.
        </span>
        {secret.expiresAt && (
          <span className="text-muted">
            Ends <Time at={secret.expiresAt} />.
          </span>
        )}
        <LastUse secret={secret} />
      </p>
      {used > 0 && (
        <details>
          <summary className="w-fit font-medium">Who uses it: {used === 1 ? "1 address" : `${used} addresses`}</summary>
          <AddressTable addresses={secret.addresses} />
        </details>
      )}
    </div>
  );
}

function LastUse({ secret }: { secret: Secret }) {
  if (!secret.lastUsedAt) return <span className="text-muted">Never used.</span>;
  return (
    <span className="text-muted wrap-anywhere">
      Last used <Time at={secret.lastUsedAt} />
      {secret.lastUsedAddress && ` from ${secret.lastUsedAddress}`}
      {secret.lastUsedClient && `, ${secret.lastUsedClient}`}.
    </span>
  );
}
