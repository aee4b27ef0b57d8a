import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Time } from "../../components/time";
import { Confirm } from "../../components/ui/dialog";
import { useToast } from "../../components/ui/toast";
import { RevokeTokensDocument } from "../../gql/graphql";
import { request } from "../../lib/graphql";
import type { Token } from "./queries";

/** Asks, then revokes a token for good. */
export function DeleteToken({ token, onClose }: { token: Token; onClose: () => void }) {
  const client = useQueryClient();
  const toast = useToast();
  const mutation = useMutation({
    mutationFn: () => request(RevokeTokensDocument, { ids: [token.id] }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["tokens"] });
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
      <p className="text-muted">
        {token.lastUsedAt ? (
          <>
            Last used <Time at={token.lastUsedAt} />
            {token.lastUsedAddress && ` from ${token.lastUsedAddress}`}.
          </>
        ) : (
          "It was never used."
        )}
      </p>
    </Confirm>
  );
}
