import { useState } from "react";
import { Badge } from "../../components/badge";
import { later } from "../../components/later";
import { Callout, Panel } from "../../components/panel";
import { Button } from "../../components/ui/button";
import { count } from "../../lib/time";
import type { Account } from "./queries";

export const SetUpTotp = later(async () => (await import("./set-up-dialog")).SetUpTotp);
const SwitchOff = later(async () => (await import("./prove-dialogs")).SwitchOff);
const NewRecoveryCodes = later(async () => (await import("./prove-dialogs")).NewRecoveryCodes);

export const whatItIs =
  "Signing in then takes a code of an app on your phone beside your password: a stolen password alone opens nothing.";

/** Whether signing in takes a second factor, and what can be done about it. */
export function SecondFactor({ account: { totpEnabled, recoveryCodesLeft } }: { account: Account }) {
  const [asked, setAsked] = useState<"set up" | "switch off" | "codes" | null>(null);
  const close = () => setAsked(null);
  return (
    <Panel title="Authenticator app" action={totpEnabled ? <Badge tone="good">On</Badge> : <Badge>Off</Badge>}>
      {totpEnabled ? (
        <>
          {recoveryCodesLeft <= 3 && (
            <Callout>
              <p>{count(recoveryCodesLeft, "recovery code")} left. Make new ones before you need them.</p>
            </Callout>
          )}
          <p className="text-muted">
            Signing in takes a code of your authenticator app, or one of your recovery codes, of which{" "}
            {recoveryCodesLeft} are left.
          </p>
          <div className="flex flex-wrap gap-2">
            <Button onClick={() => setAsked("codes")}>New recovery codes…</Button>
            <Button onClick={() => setAsked("switch off")}>Switch off…</Button>
          </div>
        </>
      ) : (
        <>
          <p className="text-muted">{whatItIs}</p>
          <Button kind="primary" className="w-fit" onClick={() => setAsked("set up")}>
            Set up a second factor
          </Button>
        </>
      )}
      {asked === "set up" && <SetUpTotp onClose={close} />}
      {asked === "switch off" && <SwitchOff onClose={close} />}
      {asked === "codes" && <NewRecoveryCodes onClose={close} />}
    </Panel>
  );
}
