import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { CopyBox } from "../../components/copy-box";
import { Time } from "../../components/time";
import { Button } from "../../components/ui/button";
import { Confirm, Dialog } from "../../components/ui/dialog";
import { RenewClaimDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import type { Token } from "./queries";
import { useWarnBeforeLeaving } from "./secret-lines";

type Props = { claimLink: string; description: string; claimEndsAt?: string | null; onClose: () => void };

/** Shows the link to a token's secret this once. */
export function ClaimLink({ claimLink, description, claimEndsAt, onClose }: Props) {
  const [copied, setCopied] = useState(false);
  useWarnBeforeLeaving(!copied);
  return (
    <Dialog
      open
      onClose={onClose}
      title="Send this link"
      description={`“${description}” waits to be claimed. This is the only time we show its link.`}
      footer={
        <Button kind="primary" onClick={onClose}>
          Done
        </Button>
      }
    >
      <CopyBox text={claimLink} label="Copy the link" onCopied={() => setCopied(true)} />
      <p className="text-muted">
        It works once,{" "}
        {claimEndsAt && (
          <>
            until <Time at={claimEndsAt} long />
          </>
        )}
        . Whoever opens it gets the token: send it to nobody else. While nobody has, you can make a new one on the
        token's page.
      </p>
    </Dialog>
  );
}

/** Makes a new link for a token that nobody claimed yet. */
export function NewClaimLink({ token, onClose }: { token: Token; onClose: () => void }) {
  const client = useQueryClient();
  const [made, setMade] = useState<{ claimLink: string; claimEndsAt?: string | null }>();
  const mutation = useMutation({
    mutationFn: async () => (await request(RenewClaimDocument, { id: token.id })).renewClaim,
    gcTime: 0,
    onSuccess: ({ claimLink, token: { claimEndsAt } }) => {
      setMade({ claimLink, claimEndsAt });
      void changed(client, "tokens");
    },
  });
  if (made) return <ClaimLink {...made} description={token.description} onClose={onClose} />;
  return (
    <Confirm
      open
      onClose={onClose}
      title={`Make a new claim link for “${token.description}”?`}
      keep="Cancel"
      action="Make a new link"
      busy={mutation.isPending}
      onConfirm={() => mutation.mutate()}
      error={mutation.error?.message}
    >
      <p>The link before no longer works.</p>
    </Confirm>
  );
}
