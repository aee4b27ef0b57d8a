import type { ReactNode } from "react";
import { Time } from "../../components/time";
import { Field, Input, RadioCards, Select, Textarea } from "../../components/ui/field";
import { count } from "../../lib/time";
import {
  allowedAtMost,
  claimDayChoices,
  dayChoices,
  type ExpiryChoice,
  expiresAt,
  type Lifetime,
  lastDay,
  type TokenForm,
} from "./form";
import type { Token } from "./queries";
import { RulesField } from "./rules-field";

type Props = {
  form: TokenForm;
  set: (change: Partial<TokenForm>) => void;
  errors: Record<string, string>;
  lifetime: Lifetime;
  /** The token that is changed; none while one is made. */
  token?: Pick<Token, "expiresAt">;
  note?: string;
  /** Forgets what the form was refused for. */
  forget: () => void;
};

/** The fields of a token, for making and for changing one. */
export function TokenFields({ form, set, errors, lifetime, token, note, forget }: Props) {
  return (
    <>
      <Field
        label="Description"
        help={note ?? "Where will it be used? For example: GitHub Actions, acme/shop."}
        error={errors.description}
      >
        {(ids) => (
          <Input
            {...ids}
            required
            maxLength={200}
            value={form.description}
            onChange={(event) => set({ description: event.target.value })}
          />
        )}
      </Field>
      {!token && (
        <RadioCards
          legend="Permissions"
          name="permission"
          value={form.permission}
          onChange={(permission) => set({ permission })}
          choices={[
            { value: "READ_ONLY", title: "Read-only", text: "composer install, update and require." },
            { value: "WRITE", title: "Write", text: "Also add, change and sync repositories." },
          ]}
        />
      )}
      <ExpiryField form={form} set={set} error={errors.expiresAt} lifetime={lifetime} token={token} />
      <PackagesField form={form} set={set} error={errors.packages} />
      <RulesField form={form} set={set} errors={errors} forget={forget} />
      <LimitField form={form} set={set} error={errors.rateLimit} />
      {!token && <SecretField form={form} set={set} />}
      <details open={Boolean(errors.networks) || undefined}>
        <summary className="w-fit font-medium">Advanced</summary>
        <div className="mt-3">
          <Field
            label="Allowed networks"
            help="Addresses or CIDR networks, such as 10.0.0.0/8. Empty: from anywhere."
            error={errors.networks}
          >
            {(ids) => (
              <Textarea
                {...ids}
                rows={2}
                value={form.networks}
                onChange={(event) => set({ networks: event.target.value })}
              />
            )}
          </Field>
        </div>
      </details>
    </>
  );
}

type PartProps = { form: TokenForm; set: (change: Partial<TokenForm>) => void; error?: string };

type ExpiryProps = PartProps & Pick<Props, "lifetime" | "token">;

function ExpiryField({ form, set, error, lifetime, token }: ExpiryProps) {
  const { days, first } = dayChoices(lifetime);
  const picking = form.expiry === "date";
  const help = (
    <>
      {endsIn(form, lifetime, token)} {allowedAtMost(lifetime)}
    </>
  );
  return (
    <div className="grid gap-3 sm:grid-cols-2">
      <Field label="Expiry" help={help} error={picking ? undefined : error}>
        {(ids) => (
          <Select
            {...ids}
            value={form.expiry}
            onChange={(event) => set({ expiry: event.target.value as ExpiryChoice })}
          >
            {token && <option value="keep">As it is</option>}
            {days.map((n) => (
              <option key={n} value={n}>
                {count(n, "day")}
                {n === first && " (recommended)"}
              </option>
            ))}
            <option value="date">Pick a date…</option>
            {lifetime.maxTokenDays == null && <option value="never">No expiry</option>}
          </Select>
        )}
      </Field>
      {picking && (
        <Field label="Last day" error={error}>
          {(ids) => (
            <Input
              {...ids}
              type="date"
              max={lastDay(lifetime)}
              value={form.date}
              onChange={(event) => set({ date: event.target.value })}
            />
          )}
        </Field>
      )}
    </div>
  );
}

/** When the token would end, in words; nothing while that is not known. */
function endsIn(form: TokenForm, lifetime: Lifetime, token: Props["token"]): ReactNode {
  if (form.expiry === "keep") return token?.expiresAt ? endsAt(token.expiresAt) : "It has no end.";
  if (form.expiry === "never") return "A token that never ends must be revoked by somebody.";
  const at = expiresAt(form, new Date(), lifetime);
  return at && !Number.isNaN(at.getTime()) ? endsAt(at) : undefined;
}

function endsAt(at: string | Date): ReactNode {
  return (
    <>
      {new Date(at) < new Date() ? "Stopped" : "Stops"} working <Time at={at} long />.
    </>
  );
}

function PackagesField({ form, set, error }: PartProps) {
  return (
    <div className="grid gap-3">
      <RadioCards
        legend="Packages"
        name="restricted"
        value={form.restricted ? "some" : "all"}
        onChange={(value) => set({ restricted: value === "some" })}
        choices={[
          { value: "all", title: "All packages", text: "Everything this server has." },
          { value: "some", title: "Only these", text: "Vendors or packages by pattern." },
        ]}
      />
      {form.restricted && (
        <Field label="Package patterns" help="One a line, such as acme/* or acme/lib." error={error}>
          {(ids) => (
            <Textarea
              {...ids}
              rows={3}
              value={form.packages}
              onChange={(event) => set({ packages: event.target.value })}
            />
          )}
        </Field>
      )}
    </div>
  );
}

/** Who gets the secret: whoever makes the token, or whoever opens a link. */
function SecretField({ form, set }: Omit<PartProps, "error">) {
  return (
    <div className="grid gap-3">
      <RadioCards
        legend="Secret"
        name="secret"
        value={form.claimDays ? "link" : "shown"}
        onChange={(value) => set({ claimDays: value === "link" ? "7" : "" })}
        choices={[
          { value: "shown", title: "Show it to me", text: "Once, when the token is created." },
          { value: "link", title: "Claim link", text: "For somebody else: a link that shows it to them, once." },
        ]}
      />
      {form.claimDays && (
        <Field label="The link works for">
          {(ids) => (
            <Select
              {...ids}
              className="sm:max-w-40"
              value={form.claimDays}
              onChange={({ target }) => set({ claimDays: target.value as TokenForm["claimDays"] })}
            >
              {claimDayChoices.map((days) => (
                <option key={days} value={days}>
                  {count(days, "day")}
                </option>
              ))}
            </Select>
          )}
        </Field>
      )}
    </div>
  );
}

function LimitField({ form, set, error }: PartProps) {
  return (
    <div className="grid gap-3">
      <label className="flex w-fit items-center gap-2.5 font-medium">
        <input
          type="checkbox"
          className="size-4 accent-accent"
          checked={form.limited}
          onChange={(event) => set({ limited: event.target.checked })}
        />
        Limit requests
      </label>
      {form.limited && (
        <Field
          label="Requests per hour"
          help="Answers that say “not modified” are free. A cold update of 300 packages takes about 900 requests."
          error={error}
        >
          {(ids) => (
            <Input
              {...ids}
              inputMode="numeric"
              className="sm:max-w-40"
              value={form.rateLimit}
              onChange={(event) => set({ rateLimit: event.target.value.replaceAll(/[\s,]/g, "") })}
            />
          )}
        </Field>
      )}
    </div>
  );
}
