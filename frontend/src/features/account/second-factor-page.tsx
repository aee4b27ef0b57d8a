import { useQuery, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { Button } from "../../components/ui/button";
import { OutsidePage } from "./form";
import { knowsPasskeys } from "./passkey";
import { AddPasskey } from "./passkeys";
import { serverQuery, signOut, viewerQuery } from "./queries";
import { SetUpTotp, whatItIs } from "./second-factor";

/** Where people without a second factor are led to when everybody must have one. */
export function SecondFactorPage() {
  const { data: viewer } = useSuspenseQuery(viewerQuery);
  const { data: server } = useQuery(serverQuery);
  const [settingUp, setSettingUp] = useState<"app" | "passkey" | null>(null);
  const client = useQueryClient();
  const navigate = useNavigate();
  const close = async () => {
    setSettingUp(null);
    const now = await client.fetchQuery({ ...viewerQuery, staleTime: 0 });
    if (!now.secondFactorMissing) await navigate({ to: "/" });
  };
  const leave = async () => {
    await signOut();
    client.clear();
    await navigate({ to: "/login" });
  };
  return (
    <OutsidePage title="Set up a second factor" text={`Everybody here must have one. ${whatItIs}`}>
      <div className="grid gap-4">
        <p className="wrap-anywhere">Signed in as {viewer.email}.</p>
        <Button kind="primary" className="min-h-11" onClick={() => setSettingUp("app")}>
          Set it up
        </Button>
        {server?.passkeys && knowsPasskeys() && (
          <Button className="min-h-11" onClick={() => setSettingUp("passkey")}>
            Add a passkey instead
          </Button>
        )}
        <Button kind="ghost" onClick={leave}>
          Sign out
        </Button>
      </div>
      {settingUp === "app" && <SetUpTotp onClose={close} />}
      {settingUp === "passkey" && <AddPasskey account={{ hasPassword: true, totpEnabled: false }} onClose={close} />}
    </OutsidePage>
  );
}
