import { Time } from "../../components/time";
import { Field, Input } from "../../components/ui/field";
import type { Token } from "./queries";

/** Why a token is cut off, for those who look at it later. */
export function ReasonField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <Field label="Reason (optional)" help="Kept with the token and in the audit.">
      {(ids) => (
        <Input
          {...ids}
          autoComplete="off"
          maxLength={200}
          value={value}
          onChange={({ target }) => onChange(target.value)}
        />
      )}
    </Field>
  );
}

/** When and from where a token was last used: what would break. */
export function LastUse({ token }: { token: Pick<Token, "lastUsedAt" | "lastUsedAddress"> }) {
  if (!token.lastUsedAt) return <p className="text-muted">It was never used.</p>;
  return (
    <p className="text-muted">
      Last used <Time at={token.lastUsedAt} />
      {token.lastUsedAddress && ` from ${token.lastUsedAddress}`}.
    </p>
  );
}
