import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Confirm } from "../../components/ui/dialog";
import { Field, Input } from "../../components/ui/field";
import { useToast } from "../../components/ui/toast";
import { DeleteRepositoryDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import type { Repository } from "./queries";

type RemoveProps = { repository: Repository; onClose: () => void; onRemoved?: () => void };

/** Asks for the repository's name, then removes it with its packages. */
export function RemoveRepository({ repository, onClose, onRemoved }: RemoveProps) {
  const [typed, setTyped] = useState("");
  const client = useQueryClient();
  const toast = useToast();
  const mutation = useMutation({
    mutationFn: () => request(DeleteRepositoryDocument, { id: repository.id }),
    onSuccess: () => {
      void changed(client, "repositories");
      toast(`“${repository.name}” was removed.`);
      onClose();
      onRemoved?.();
    },
  });
  return (
    <Confirm
      open
      onClose={onClose}
      title={`Remove “${repository.name}”?`}
      keep="Keep repository"
      action="Remove repository"
      busy={mutation.isPending}
      disabled={typed !== repository.name}
      onConfirm={() => mutation.mutate()}
      error={mutation.error?.message}
    >
      <p>Composer no longer gets its {repository.packageCount} packages from this server. This can't be undone.</p>
      {repository.owns.length > 0 && (
        <p>
          The names that it owns, <code className="wrap-words">{repository.owns.join(", ")}</code>, stay closed to other
          repositories until you release them.
        </p>
      )}
      <Field label={`Type ${repository.name} to confirm`}>
        {(ids) => <Input {...ids} autoComplete="off" value={typed} onChange={({ target }) => setTyped(target.value)} />}
      </Field>
    </Confirm>
  );
}
