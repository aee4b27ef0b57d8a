import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Confirm } from "../../components/ui/dialog";
import { useToast } from "../../components/ui/toast";
import { ReleaseClaimDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import type { Claim } from "./queries";

/** Asks, then lets any repository answer for the names of a removed one. */
export function ReleaseNames({ claim, onClose }: { claim: Claim; onClose: () => void }) {
  const client = useQueryClient();
  const toast = useToast();
  const mutation = useMutation({
    mutationFn: () => request(ReleaseClaimDocument, { id: claim.id }),
    onSuccess: () => {
      void changed(client, "repositories");
      toast(`${claim.pattern} is released: any repository may answer for it.`);
      onClose();
    },
  });
  return (
    <Confirm
      open
      onClose={onClose}
      title={`Release ${claim.pattern}?`}
      keep="Keep them closed"
      action="Release the names"
      busy={mutation.isPending}
      onConfirm={() => mutation.mutate()}
      error={mutation.error?.message}
    >
      <p>
        From then on any repository that has a package of these names answers for it, a public one too. Whoever installs
        them gets what it has.
      </p>
    </Confirm>
  );
}
