import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Confirm } from "../../components/ui/dialog";
import { useToast } from "../../components/ui/toast";
import { RevokeTokensDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import { count } from "../../lib/time";
import type { Token } from "./queries";
import { LastUse, ReasonField } from "./reason";

/** Asks, then revokes a token for good. */
export function DeleteToken({ token, onClose }: { token: Token; onClose: () => void }) {
  const client = useQueryClient();
  const toast = useToast();
  const [reason, setReason] = useState("");
  const mutation = useMutation({
    mutationFn: () => request(RevokeTokensDocument, { ids: [token.id], reason: reason.trim() || undefined }),
    onSuccess: () => {
      void changed(client, "tokens");
      toast(`Token revoked. “${token.description}” stopped working.`);
      onClose();
    },
  });
  return (
    <Confirm
      open
      onClose={onClose}
      title={`Delete “${token.description}”?`}
      keep="Keep token"
      action={mutation.isPending ? "Deleting" : "Delete token"}
      busy={mutation.isPending}
      onConfirm={() => mutation.mutate()}
      error={mutation.error?.message}
    >
      <p>The token is revoked at once: Composer calls with it fail. It cannot be recovered.</p>
      {token.childCount > 0 && (
        <p className="text-warn">
          {count(token.childCount, "token")} that it made will end with it, unless they are released first.
        </p>
      )}
      <LastUse token={token} />
      <ReasonField value={reason} onChange={setReason} />
    </Confirm>
  );
}
