import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Confirm } from "../../components/ui/dialog";
import { useToast } from "../../components/ui/toast";
import { RemoveNoticeEndpointDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import type { Endpoint } from "./queries";

/** Asks, then removes an endpoint. */
export function RemoveEndpoint({ endpoint, onClose }: { endpoint: Endpoint; onClose: () => void }) {
  const client = useQueryClient();
  const toast = useToast();
  const mutation = useMutation({
    mutationFn: () => request(RemoveNoticeEndpointDocument, { id: endpoint.id }),
    onSuccess: () => {
      void changed(client, "notices");
      toast("The endpoint was removed.");
      onClose();
    },
  });
  return (
    <Confirm
      open
      onClose={onClose}
      title="Remove the endpoint?"
      keep="Keep endpoint"
      action="Remove endpoint"
      busy={mutation.isPending}
      onConfirm={() => mutation.mutate()}
      error={mutation.error?.message}
    >
      <p className="wrap-anywhere">
        Nothing more is sent to {endpoint.url}, and what is kept of its deliveries goes. This can't be undone.
      </p>
    </Confirm>
  );
}
