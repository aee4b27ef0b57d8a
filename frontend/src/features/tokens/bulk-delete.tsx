import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Skeleton } from "../../components/page";
import { Time } from "../../components/time";
import { Confirm } from "../../components/ui/dialog";
import { Field, Input } from "../../components/ui/field";
import { useToast } from "../../components/ui/toast";
import {
  type RevocationPreviewQuery,
  type RevocationPreviewQueryVariables,
  RevokeMatchingTokensDocument,
  RevokeTokensDocument,
} from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import { count, number } from "../../lib/time";
import { previewQuery } from "./queries";
import { ReasonField } from "./reason";

type Preview = RevocationPreviewQuery["revocationPreview"];
type Props = { what: RevocationPreviewQueryVariables; onClose: () => void; onDeleted: () => void };

/** More than so many are deleted only after their number was typed. */
const withoutTyping = 5;

/** Says what deleting the chosen tokens ends, asks, then revokes them for good. */
export function BulkDelete({ what, onClose, onDeleted }: Props) {
  const toast = useToast();
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const { data: preview, error, isFetching } = useQuery(previewQuery(what));
  const { mutate, ...mutation } = useRevoke(what, (revoked) => {
    toast(`${count(revoked, "token")} revoked.`);
    onDeleted();
    onClose();
  });
  const total = preview?.count ?? 0;
  const mustType = total > withoutTyping;
  const ready = preview && !isFetching && total > 0 && (!mustType || typed.replaceAll(/[\s,]/g, "") === String(total));
  return (
    <Confirm
      open
      onClose={onClose}
      title={preview ? `Delete ${count(total, "token")}?` : "Delete tokens?"}
      keep={total === 1 ? "Keep token" : "Keep tokens"}
      action={mutation.isPending ? "Deleting" : `Delete ${preview ? count(total, "token") : "tokens"}`}
      busy={mutation.isPending}
      disabled={!ready}
      onConfirm={() => mutate({ expected: total, reason: reason.trim() || undefined })}
      error={mutation.error?.message ?? error?.message}
    >
      <p>They are revoked at once: Composer calls with them fail. They cannot be recovered.</p>
      {preview ? <Ends preview={preview} /> : !error && <Skeleton rows={1} />}
      <ReasonField value={reason} onChange={setReason} />
      {mustType && (
        <Field label={`Type ${number(total)} to confirm`}>
          {(ids) => (
            <Input
              {...ids}
              autoComplete="off"
              inputMode="numeric"
              value={typed}
              onChange={({ target }) => setTyped(target.value)}
            />
          )}
        </Field>
      )}
    </Confirm>
  );
}

function useRevoke(what: RevocationPreviewQueryVariables, done: (revoked: number) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ expected, reason }: { expected: number; reason?: string }) => {
      const { where, ids } = what;
      if (where) return (await request(RevokeMatchingTokensDocument, { where, expected, reason })).revokeMatchingTokens;
      return (await request(RevokeTokensDocument, { ids: ids ?? [], reason })).revokeTokens.length;
    },
    onSuccess: (revoked) => {
      void changed(client, "tokens");
      done(revoked);
    },
    onError: () => client.invalidateQueries({ queryKey: ["tokens", "preview"] }), // the number may be another by now
  });
}

const listed = 10;

/** Who would notice: the tokens in use, and those that end with their maker. */
function Ends({ preview }: { preview: Preview }) {
  const { activeCount, active, childCount } = preview;
  return (
    <>
      {childCount > 0 && (
        <p className="text-warn">
          {count(childCount, "token")} that they made will end with them, unless they are released first.
        </p>
      )}
      {activeCount === 0 ? (
        <p className="text-muted">None was used in the last 7 days.</p>
      ) : (
        <div className="grid gap-1.5 rounded-md bg-warn-soft px-3 py-2.5 text-warn">
          <p className="font-medium">
            {activeCount === 1 ? "1 was" : `${number(activeCount)} were`} used in the last 7 days:
          </p>
          <ul className="grid gap-1">
            {active.slice(0, listed).map((token) => (
              <li key={token.id} className="wrap-anywhere">
                {token.description}
                {token.lastUsedAt && (
                  <>
                    , <Time at={token.lastUsedAt} />
                  </>
                )}
                {token.lastUsedAddress && ` from ${token.lastUsedAddress}`}
              </li>
            ))}
            {activeCount > listed && <li>and {number(activeCount - Math.min(listed, active.length))} more</li>}
          </ul>
        </div>
      )}
    </>
  );
}
