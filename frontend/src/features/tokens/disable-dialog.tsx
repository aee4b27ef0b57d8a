import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Confirm } from "../../components/ui/dialog";
import { useToast } from "../../components/ui/toast";
import { DisableTokensDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import type { Token } from "./queries";
import { LastUse, ReasonField } from "./reason";

/** Asks, then refuses a token until somebody enables it again. */
export function DisableToken({ token, onClose }: { token: Token; onClose: () => void }) {
  const client = useQueryClient();
  const toast = useToast();
  const [reason, setReason] = useState("");
  const mutation = useMutation({
    mutationFn: () => request(DisableTokensDocument, { ids: [token.id], reason: reason.trim() || undefined }),
    onSuccess: () => {
      void changed(client, "tokens");
      toast(`“${token.description}” is disabled.`);
      onClose();
    },
  });
  return (
    <Confirm
      open
      onClose={onClose}
      title={`Disable “${token.description}”?`}
      keep="Keep enabled"
      action={mutation.isPending ? "Disabling" : "Disable token"}
      busy={mutation.isPending}
      onConfirm={() => mutation.mutate()}
      error={mutation.error?.message}
    >
      <p>Composer calls with this token fail at once, until somebody enables it again.</p>
      <LastUse token={token} />
      <ReasonField value={reason} onChange={setReason} />
    </Confirm>
  );
}
