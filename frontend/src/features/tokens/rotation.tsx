import { useState } from "react";
import { Time } from "../../components/time";
import { Button } from "../../components/ui/button";
import { count } from "../../lib/time";
import { AddressTable } from "./address-table";
import { EndNow, TakeBack } from "./dialogs";
import type { FullToken, Secret } from "./queries";

type Props = { token: FullToken; old: Secret; fresh: Secret; mayManage: boolean };

/** The addresses that have used the old secret since there is a new one: those that must still change. */
export function stillUsing(old: Secret, fresh: Secret): Secret["addresses"] {
  return old.addresses.filter(({ lastAt }) => Date.parse(lastAt) >= Date.parse(fresh.createdAt));
}

/** A rotation under way: who must still change to the new secret, and how to end it. */
export function Rotation({ token, old, fresh, mayManage }: Props) {
  const [asked, ask] = useState<"end" | "cancel" | null>(null);
  const using = stillUsing(old, fresh);
  const late = using.length > 0;
  return (
    <div
      className={`grid min-w-0 gap-3 rounded-lg border p-5 ${late ? "border-warn bg-warn-soft" : "border-line bg-good-soft"}`}
    >
      <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <div className={late ? "text-warn" : "text-good"}>
          <p className="font-semibold">
            {late
              ? `${count(using.length, "address still uses", "addresses still use")} the old secret.`
              : "Nobody has used the old secret since the rotation began."}
          </p>
          {old.expiresAt && (
            <p>
              It stops working <Time at={old.expiresAt} />, <Time at={old.expiresAt} long />.
            </p>
          )}
        </div>
        {mayManage && (
          <span className="flex flex-wrap gap-2">
            <Button onClick={() => ask("end")}>End now</Button>
            <Button onClick={() => ask("cancel")}>Take back</Button>
          </span>
        )}
      </div>
      {late && <AddressTable addresses={using} />}
      {asked === "end" && <EndNow token={token} old={old} using={using.length} onClose={() => ask(null)} />}
      {asked === "cancel" && <TakeBack token={token} fresh={fresh} onClose={() => ask(null)} />}
    </div>
  );
}
