import { Checkbox } from "../../components/ui/checkbox";
import { SettingsCard } from "./card";
import type { Settings } from "./queries";

type Props = { settings: Settings; onDirty: (card: string, dirty: boolean) => void };

/** What signing in takes. */
export function SignInCard({ settings, onDirty }: Props) {
  return (
    <SettingsCard title="Sign-in" settings={settings} fields={["secondFactorRequired"]} onDirty={onDirty}>
      {(form, set) => (
        <div className="grid gap-1">
          <Checkbox
            label="Everybody must have a second factor"
            checked={form.secondFactorRequired}
            onChange={(secondFactorRequired) => set({ secondFactorRequired })}
          />
          <p className="pl-6.5 text-[13px] text-muted">
            Who has none, you too, sets it up before they can do anything else. Access tokens are not concerned.
          </p>
        </div>
      )}
    </SettingsCard>
  );
}
