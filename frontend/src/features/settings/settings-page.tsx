import { useQuery } from "@tanstack/react-query";
import { useBlocker } from "@tanstack/react-router";
import { useCallback, useState } from "react";
import { later } from "../../components/later";
import { LoadError, PageHead, Skeleton } from "../../components/page";
import { MayNot, useMay } from "../account/may";
import { AuditCard } from "./audit-card";
import { settingsQuery } from "./queries";
import { ScannerCard } from "./scanner-card";
import { SignInCard } from "./sign-in-card";
import { SourcesCard } from "./sources-card";
import { TokenCard } from "./token-card";

export function SettingsPage() {
  const mayRead = useMay("READ_SETTINGS");
  return (
    <>
      <PageHead title="Settings" text="What holds for everybody who uses this server." />
      {mayRead ? <Cards /> : <MayNot action="READ_SETTINGS" />}
    </>
  );
}

function Cards() {
  const { data, error, refetch } = useQuery(settingsQuery);
  const [dirty, setDirty] = useState<readonly string[]>([]);
  const onDirty = useCallback((card: string, is: boolean) => {
    setDirty((now) => (now.includes(card) === is ? now : is ? [...now, card] : now.filter((one) => one !== card)));
  }, []);
  if (error) return <LoadError error={error} retry={refetch} />;
  if (!data) return <Skeleton />;
  return (
    <div className="grid max-w-5xl gap-6">
      <TokenCard settings={data} onDirty={onDirty} />
      <SourcesCard settings={data} onDirty={onDirty} />
      <AuditCard settings={data} onDirty={onDirty} />
      <SignInCard settings={data} onDirty={onDirty} />
      <ScannerCard />
      <Leaving dirty={dirty.length > 0} />
    </div>
  );
}

const Confirm = later(async () => (await import("../../components/ui/dialog")).Confirm);

/** Asks before the page is left with changes that are not saved. */
function Leaving({ dirty }: { dirty: boolean }) {
  const blocker = useBlocker({ shouldBlockFn: () => dirty, enableBeforeUnload: () => dirty, withResolver: true });
  if (blocker.status !== "blocked") return null;
  return (
    <Confirm
      open
      onClose={blocker.reset}
      title="Leave without saving?"
      keep="Stay here"
      action="Leave"
      onConfirm={blocker.proceed}
    >
      <p>What you changed here is lost.</p>
    </Confirm>
  );
}
