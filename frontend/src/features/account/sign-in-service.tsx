import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { later } from "../../components/later";
import { Callout, Panel } from "../../components/panel";
import { Time } from "../../components/time";
import { Button } from "../../components/ui/button";
import { problemText } from "./problems";
import { type Account, serverQuery } from "./queries";

const LinkService = later(async () => (await import("./passkey-dialogs")).LinkService);
const UnlinkService = later(async () => (await import("./passkey-dialogs")).UnlinkService);

/** Whether a person signs in with the sign-in service. */
export function SignInService({ account }: { account: Account }) {
  const { data: server } = useQuery(serverQuery);
  const { problem } = useSearch({ from: "/_app/account" });
  const [asked, setAsked] = useState<"link" | { id: string } | null>(null);
  const close = () => setAsked(null);
  const name = server?.signInService;
  if (!name && account.identities.length === 0) return null;
  const known = name ?? "a sign-in service";
  return (
    <Panel title={`Sign-in with ${known}`}>
      {problem && (
        <Callout tone="danger">
          <p>{problemText(problem)}</p>
        </Callout>
      )}
      {account.identities.length === 0 && (
        <p className="text-muted">Your account there does not sign you in here yet.</p>
      )}
      {account.identities.map((identity) => (
        <div key={identity.id} className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1">
          <div className="min-w-0">
            <p className="wrap-anywhere">{identity.issuer}</p>
            <p className="text-[13px] text-muted">
              Since <Time at={identity.createdAt} />, last used <Time at={identity.lastUsedAt} />
            </p>
          </div>
          <Button aria-label={`No longer sign in with ${identity.issuer}`} onClick={() => setAsked(identity)}>
            End…
          </Button>
        </div>
      ))}
      {name && account.identities.length === 0 && (
        <Button className="w-fit" onClick={() => setAsked("link")}>
          Sign in with {name} as well…
        </Button>
      )}
      {asked === "link" && <LinkService account={account} name={known} onClose={close} />}
      {asked && asked !== "link" && <UnlinkService account={account} id={asked.id} name={known} onClose={close} />}
    </Panel>
  );
}
