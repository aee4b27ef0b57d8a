import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { later } from "../../components/later";
import { Panel } from "../../components/panel";
import { Time } from "../../components/time";
import { Button } from "../../components/ui/button";
import { knowsPasskeys } from "./passkey";
import { type Account, serverQuery } from "./queries";

export const AddPasskey = later(async () => (await import("./passkey-dialogs")).AddPasskey);
const RemovePasskey = later(async () => (await import("./passkey-dialogs")).RemovePasskey);

/** A person's passkeys. */
export function Passkeys({ account }: { account: Account }) {
  const { data: server } = useQuery(serverQuery);
  const [asked, setAsked] = useState<"add" | Account["passkeys"][number] | null>(null);
  const close = () => setAsked(null);
  const possible = server?.passkeys && knowsPasskeys();
  if (!possible && account.passkeys.length === 0) return null;
  return (
    <Panel title="Passkeys">
      <p className="text-muted">
        A passkey of your phone, computer or security key signs you in without a password, or is the second factor
        beside it. Have two, so that one may be lost.
      </p>
      {account.passkeys.length > 0 && (
        <ul className="grid divide-y divide-line">
          {account.passkeys.map((passkey) => (
            <li key={passkey.id} className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1 py-2">
              <div className="min-w-0">
                <p className="wrap-anywhere font-medium">{passkey.name}</p>
                <p className="text-[13px] text-muted">
                  Made <Time at={passkey.createdAt} />,{" "}
                  {passkey.lastUsedAt ? (
                    <>
                      last used <Time at={passkey.lastUsedAt} />
                    </>
                  ) : (
                    "never used"
                  )}
                </p>
              </div>
              <Button aria-label={`Remove the passkey ${passkey.name}`} onClick={() => setAsked(passkey)}>
                Remove…
              </Button>
            </li>
          ))}
        </ul>
      )}
      {possible && (
        <Button className="w-fit" onClick={() => setAsked("add")}>
          Add a passkey…
        </Button>
      )}
      {asked === "add" && <AddPasskey account={account} onClose={close} />}
      {asked && asked !== "add" && <RemovePasskey account={account} passkey={asked} onClose={close} />}
    </Panel>
  );
}
