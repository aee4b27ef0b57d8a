import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Confirm } from "../../components/ui/dialog";
import { Field, Input } from "../../components/ui/field";
import type { MenuItem } from "../../components/ui/menu";
import { useToast } from "../../components/ui/toast";
import {
  CancelSyncDocument,
  DeleteRepositoryDocument,
  SyncRepositoryDocument,
  UpdateRepositoryDocument,
} from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import type { Repository } from "./queries";

/** What can be done to a repository, as the items of its menu. */
export function useRepositoryActions(edit: (r: Repository) => void, remove: (r: Repository) => void) {
  const client = useQueryClient();
  const toast = useToast();
  const run = useMutation({
    mutationFn: (act: () => Promise<unknown>) => act(),
    onSettled: () => changed(client, "repositories"),
    onError: (error) => toast(error.message),
  });
  return (repository: Repository): MenuItem[] => {
    const { id, enabled, status } = repository;
    const last = repository.syncs.edges?.[0]?.node;
    const syncing = status === "SYNCING" && last;
    return [
      ...(syncing
        ? [{ label: "Cancel sync", onSelect: () => run.mutate(() => request(CancelSyncDocument, { id: last.id })) }]
        : enabled
          ? [{ label: "Sync now", onSelect: () => run.mutate(() => request(SyncRepositoryDocument, { id })) }]
          : []),
      { label: "Edit", onSelect: () => edit(repository) },
      {
        label: enabled ? "Pause" : "Resume",
        onSelect: () => run.mutate(() => request(UpdateRepositoryDocument, { id, input: { enabled: !enabled } })),
      },
      { label: "Remove…", onSelect: () => remove(repository), danger: true },
    ];
  };
}

/** Asks for the repository's name, then removes it with its packages. */
export function RemoveRepository({ repository, onClose }: { repository: Repository; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const client = useQueryClient();
  const toast = useToast();
  const mutation = useMutation({
    mutationFn: () => request(DeleteRepositoryDocument, { id: repository.id }),
    onSuccess: () => {
      void changed(client, "repositories");
      toast(`“${repository.name}” was removed.`);
      onClose();
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
      <Field label={`Type ${repository.name} to confirm`}>
        {(ids) => <Input {...ids} autoComplete="off" value={typed} onChange={({ target }) => setTyped(target.value)} />}
      </Field>
    </Confirm>
  );
}
