import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Time } from "../../components/time";
import { Confirm } from "../../components/ui/dialog";
import { useToast } from "../../components/ui/toast";
import { CancelRotationDocument, EndRotationDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import { count } from "../../lib/time";
import type { FullToken, Secret } from "./queries";

type EndProps = { token: FullToken; old: Secret; using: number; onClose: () => void };

/** Asks, then ends the old secret of a rotation. */
export function EndNow({ token, old, using, onClose }: EndProps) {
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

/** Asks, then gives up the new secret of a rotation. */
export function TakeBack({ token, fresh, onClose }: { token: FullToken; fresh: Secret; onClose: () => void }) {
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
