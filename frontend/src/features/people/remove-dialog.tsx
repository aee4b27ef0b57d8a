import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Confirm } from "../../components/ui/dialog";
import { Field, Input } from "../../components/ui/field";
import { useToast } from "../../components/ui/toast";
import { RemoveUserDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import { count } from "../../lib/time";
import { nameOf, type Person, tokensOf } from "./queries";

/** Asks for a person's address, then removes them; what an invitation is for is taken back without typing. */
export function RemovePerson({ person, onClose }: { person: Person; onClose: () => void }) {
  const invited = person.status !== "ACTIVE";
  const [typed, setTyped] = useState("");
  const { data: tokens } = useQuery({ ...tokensOf(person.id), enabled: !invited });
  const client = useQueryClient();
  const toast = useToast();
  const mutation = useMutation({
    mutationFn: () => request(RemoveUserDocument, { id: person.id }),
    onSuccess: () => {
      void changed(client, "people");
      toast(invited ? `The invitation of ${person.email} was taken back.` : `${nameOf(person)} was removed.`);
      onClose();
    },
  });
  return (
    <Confirm
      open
      onClose={onClose}
      title={invited ? `Take back the invitation of ${person.email}?` : `Remove ${nameOf(person)}?`}
      keep={invited ? "Keep invitation" : "Keep person"}
      action={invited ? "Take back invitation" : "Remove person"}
      busy={mutation.isPending}
      disabled={!invited && typed !== person.email}
      onConfirm={() => mutation.mutate()}
      error={mutation.error?.message}
    >
      {invited ? (
        <p>The link no longer works.</p>
      ) : (
        <>
          <p>They are signed out at once, everywhere, and can't sign in again. This can't be undone.</p>
          {Boolean(tokens) && (
            <p className="text-warn">
              {count(tokens ?? 0, "token")} that they made will go on working. Delete those that they know the secret
              of.
            </p>
          )}
          <Field label={`Type ${person.email} to confirm`}>
            {(ids) => (
              <Input {...ids} autoComplete="off" value={typed} onChange={({ target }) => setTyped(target.value)} />
            )}
          </Field>
        </>
      )}
    </Confirm>
  );
}
