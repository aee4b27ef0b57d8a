import { Checkbox } from "../../components/ui/checkbox";
import { SettingsCard } from "./card";
import type { Settings } from "./queries";

type Props = { settings: Settings; onDirty: (card: string, dirty: boolean) => void };

/** What is fetched of sources. */
export function SourcesCard({ settings, onDirty }: Props) {
  return (
    <SettingsCard title="Sources" settings={settings} fields={["prefetch"]} onDirty={onDirty}>
      {(form, set) => (
        <div className="grid gap-1">
          <Checkbox
            label="Fetch new versions before anybody asks"
            checked={form.prefetch}
            onChange={(prefetch) => set({ prefetch })}
          />
          <p className="pl-6.5 text-[13px] text-muted">
            Archives of packages that were downloaded within 30 days, so that a new version installs although its source
            is down by then.
          </p>
        </div>
      )}
    </SettingsCard>
  );
}
