import { SettingsCard } from "./card";
import { NumberField } from "./fields";
import type { Settings } from "./queries";

type Props = { settings: Settings; onDirty: (card: string, dirty: boolean) => void };

/** How long events are kept. */
export function AuditCard({ settings, onDirty }: Props) {
  return (
    <SettingsCard title="Audit" settings={settings} fields={["auditRetentionDays"]} onDirty={onDirty}>
      {(form, set, errors) => (
        <NumberField
          label="Keep events for"
          unit="days"
          none="For ever"
          help="At least 30. Older ones are removed for good. Empty: they are kept for ever."
          value={form.auditRetentionDays}
          error={errors.auditRetentionDays}
          onChange={(auditRetentionDays) => set({ auditRetentionDays })}
        />
      )}
    </SettingsCard>
  );
}
