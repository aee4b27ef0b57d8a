import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Confirm } from "../../components/ui/dialog";
import { RotateNoticeEndpointSecretDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import type { Endpoint } from "./queries";
import { SecretDialog } from "./secret-dialog";

/** Asks, then makes a new secret and shows it this once. */
export function RotateSecret({ endpoint, onClose }: { endpoint: Endpoint; onClose: () => void }) {
  const client = useQueryClient();
  const [secret, setSecret] = useState<string | null>(null);
  const mutation = useMutation({
    mutationFn: async () =>
      (await request(RotateNoticeEndpointSecretDocument, { id: endpoint.id })).rotateNoticeEndpointSecret.secret,
    gcTime: 0,
    onSuccess: (made) => {
      void changed(client, "notices");
      setSecret(made);
    },
  });
  if (secret) return <SecretDialog url={endpoint.url} secret={secret} onClose={onClose} />;
  return (
    <Confirm
      open
      onClose={onClose}
      title="Make a new secret?"
      keep="Keep secret"
      action="Make a new secret"
      busy={mutation.isPending}
      onConfirm={() => mutation.mutate()}
      error={mutation.error?.message}
    >
      <p>For 24 hours deliveries are signed with both, then with the new one alone.</p>
    </Confirm>
  );
}
