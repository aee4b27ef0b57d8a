import { Checkbox } from "../../components/ui/checkbox";
import { RadioCards } from "../../components/ui/field";
import { SettingsCard } from "./card";
import { NumberField } from "./fields";
import type { Typed } from "./form";
import type { Settings } from "./queries";

const fields = [
  "defaultTokenDays",
  "maxTokenDays",
  "defaultRateLimit",
  "warnUnusedDays",
  "disableUnusedDays",
  "tokensMayManageTokens",
  "leakAction",
] as const;

type Form = Typed<(typeof fields)[number]>;
type Props = { settings: Settings; onDirty: (card: string, dirty: boolean) => void };
type PartProps = { form: Form; set: (change: Partial<Form>) => void; errors: Record<string, string> };

/** What holds for every token. */
export function TokenCard({ settings, onDirty }: Props) {
  return (
    <SettingsCard title="Tokens" settings={settings} fields={fields} onDirty={onDirty}>
      {(form, set, errors) => (
        <>
          <Lifetimes form={form} set={set} errors={errors} />
          <Unused form={form} set={set} errors={errors} />
          <div className="grid gap-1">
            <Checkbox
              label="Write tokens may manage tokens"
              checked={form.tokensMayManageTokens}
              onChange={(tokensMayManageTokens) => set({ tokensMayManageTokens })}
            />
            <p className="pl-6.5 text-[13px] text-muted">
              Over the API, they make tokens that are no larger than themselves, and change those they made.
            </p>
          </div>
          <RadioCards
            legend="When a token is reported as leaked"
            name="leakAction"
            value={form.leakAction}
            onChange={(leakAction) => set({ leakAction })}
            choices={[
              { value: "FLAG", title: "Mark it", text: "It works on, and the dashboard says where it was found." },
              { value: "REVOKE", title: "Revoke it", text: "It is refused at once, for good." },
            ]}
          />
        </>
      )}
    </SettingsCard>
  );
}

function Lifetimes({ form, set, errors }: PartProps) {
  return (
    <div className="grid items-start gap-5 sm:grid-cols-2 xl:grid-cols-3">
      <NumberField
        label="Default lifetime"
        unit="days"
        none="None"
        help="Of a new token that says nothing else. Empty: as long as possible."
        value={form.defaultTokenDays}
        error={errors.defaultTokenDays}
        onChange={(defaultTokenDays) => set({ defaultTokenDays })}
      />
      <NumberField
        label="Longest lifetime"
        unit="days"
        none="None"
        help="Of a new token. Empty: tokens without an end are allowed. Those that are there keep theirs."
        value={form.maxTokenDays}
        error={errors.maxTokenDays}
        onChange={(maxTokenDays) => set({ maxTokenDays })}
      />
      <NumberField
        label="Default rate limit"
        unit="requests an hour"
        none="No limit"
        help="Of tokens that set none. Empty: no limit."
        value={form.defaultRateLimit}
        error={errors.defaultRateLimit}
        onChange={(defaultRateLimit) => set({ defaultRateLimit })}
      />
    </div>
  );
}

function Unused({ form, set, errors }: PartProps) {
  return (
    <div className="grid items-start gap-5 sm:grid-cols-2 xl:grid-cols-3">
      <NumberField
        label="Warn of unused tokens after"
        unit="days"
        none="Never"
        help="Suggested: 60. Empty: never."
        value={form.warnUnusedDays}
        error={errors.warnUnusedDays}
        onChange={(warnUnusedDays) => set({ warnUnusedDays })}
      />
      <NumberField
        label="Disable unused tokens after"
        unit="days"
        none="Never"
        help="Suggested: 90. They can be enabled again. Empty: never."
        value={form.disableUnusedDays}
        error={errors.disableUnusedDays}
        onChange={(disableUnusedDays) => set({ disableUnusedDays })}
      />
    </div>
  );
}
