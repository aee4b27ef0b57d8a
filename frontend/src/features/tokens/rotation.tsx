import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Time } from "../../components/time";
import { Button } from "../../components/ui/button";
import { Confirm } from "../../components/ui/dialog";
import { useToast } from "../../components/ui/toast";
import { CancelRotationDocument, EndRotationDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import { count } from "../../lib/time";
import { AddressTable } from "./address-table";
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

type EndProps = { token: FullToken; old: Secret; using: number; onClose: () => void };

function EndNow({ token, old, using, onClose }: EndProps) {
  const end = useEnd(() => request(EndRotationDocument, { id: token.id }), "The old secret stopped working.", onClose);
  return (
    <Confirm
      open
      onClose={onClose}
      title="End the old secret now?"
      keep="Keep both"
      action={end.isPending ? "Ending" : "End now"}
      busy={end.isPending}
      onConfirm={() => end.mutate()}
      error={end.error?.message}
    >
      <p>
        Composer calls with <code>{old.hint}</code> fail at once. Only the new secret works.
      </p>
      {using > 0 && (
        <p className="text-warn">{count(using, "address uses", "addresses use")} it since the rotation began.</p>
      )}
    </Confirm>
  );
}

function TakeBack({ token, fresh, onClose }: { token: FullToken; fresh: Secret; onClose: () => void }) {
  const back = useEnd(
    () => request(CancelRotationDocument, { id: token.id }),
    "The rotation was taken back. The old secret works as before.",
    onClose,
  );
  return (
    <Confirm
      open
      onClose={onClose}
      title="Take the rotation back?"
      keep="Keep both"
      action={back.isPending ? "Taking back" : "Take back"}
      busy={back.isPending}
      onConfirm={() => back.mutate()}
      error={back.error?.message}
    >
      <p>
        This is for a new secret that was lost. Composer calls with <code>{fresh.hint}</code> fail at once, and the old
        secret works on without an end of its own.
      </p>
      {fresh.lastUsedAt && (
        <p className="text-warn">
          The new secret is in use: last <Time at={fresh.lastUsedAt} />
          {fresh.lastUsedAddress && ` from ${fresh.lastUsedAddress}`}.
        </p>
      )}
    </Confirm>
  );
}

function useEnd(act: () => Promise<unknown>, done: string, onClose: () => void) {
  const client = useQueryClient();
  const toast = useToast();
  return useMutation({
    mutationFn: act,
    onSuccess: () => {
      void changed(client, "tokens");
      toast(done);
      onClose();
    },
  });
}
