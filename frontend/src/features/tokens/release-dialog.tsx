import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Confirm } from "../../components/ui/dialog";
import { useToast } from "../../components/ui/toast";
import { ReleaseTokensDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import { count } from "../../lib/time";

type Props = { ids: readonly string[]; onClose: () => void; onReleased?: () => void };

/** Asks, then makes tokens independent of the one that made them. */
export function ReleaseTokens({ ids, onClose, onReleased }: Props) {
  const client = useQueryClient();
  const toast = useToast();
  const mutation = useMutation({
    mutationFn: () => request(ReleaseTokensDocument, { ids: [...ids] }),
    onSuccess: () => {
      void changed(client, "tokens");
      toast(`${count(ids.length, "token")} released.`);
      onReleased?.();
      onClose();
    },
  });
  return (
    <Confirm
      open
      onClose={onClose}
      title={`Release ${count(ids.length, "token")}?`}
      keep="Keep as it is"
      action={mutation.isPending ? "Releasing" : "Release"}
      busy={mutation.isPending}
      onConfirm={() => mutation.mutate()}
      error={mutation.error?.message}
    >
      <p>
        A released token keeps its own bounds. It no longer ends with the token that made it, and that token no longer
        manages it.
      </p>
    </Confirm>
  );
}
