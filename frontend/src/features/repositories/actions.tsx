import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { MenuItem } from "../../components/ui/menu";
import { useToast } from "../../components/ui/toast";
import {
  CancelSyncDocument,
  ConfirmRemovalsDocument,
  SyncRepositoryDocument,
  UpdateRepositoryDocument,
} from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import type { Repository } from "./queries";

const lastRun = (repository: Repository) => repository.syncs.edges?.[0]?.node;

/** What is done at once, without a question. */
const acts = {
  sync: ({ id }: Repository) => request(SyncRepositoryDocument, { id }),
  cancel: (repository: Repository) => request(CancelSyncDocument, { id: lastRun(repository)?.id ?? "" }),
  pause: ({ id }: Repository) => request(UpdateRepositoryDocument, { id, input: { enabled: false } }),
  confirm: ({ id }: Repository) => request(ConfirmRemovalsDocument, { id }),
  resume: ({ id }: Repository) => request(UpdateRepositoryDocument, { id, input: { enabled: true } }),
};

type Act = keyof typeof acts;

/** What is said of a repository once it is done. */
const done: Record<Act, string> = {
  sync: "A sync has started.",
  cancel: "The sync is canceled.",
  pause: "It is paused.",
  confirm: "What its source lost is removed by the sync that has started.",
  resume: "It is resumed.",
};

/** Does something to a repository; doing is what is under way, until its outcome is shown. */
export function useRepositoryActs() {
  const client = useQueryClient();
  const toast = useToast();
  const { mutate, isPending, variables } = useMutation({
    mutationFn: ({ act, repository }: { act: Act; repository: Repository }): Promise<unknown> => acts[act](repository),
    onSuccess: (_, { act, repository }) => toast(`“${repository.name}”: ${done[act]}`),
    onSettled: () => changed(client, "repositories"),
    onError: (error) => toast(error.message),
  });
  return {
    run: (act: Act, repository: Repository) => mutate({ act, repository }),
    doing: isPending ? variables.act : undefined,
  };
}

/** What can be done to a repository, as the items of its menu. */
export function useRepositoryActions(edit: (r: Repository) => void, remove: (r: Repository) => void) {
  const { run } = useRepositoryActs();
  return (repository: Repository): MenuItem[] => {
    const { enabled, status, type } = repository;
    const item = (label: string, act: Act) => ({ label, onSelect: () => run(act, repository) });
    return [
      ...(status === "SYNCING" && lastRun(repository)
        ? [item("Cancel sync", "cancel")]
        : enabled && type !== "ARTIFACT"
          ? [item("Sync now", "sync")]
          : []),
      { label: "Edit", onSelect: () => edit(repository) },
      enabled ? item("Pause", "pause") : item("Resume", "resume"),
      { label: "Remove…", onSelect: () => remove(repository), danger: true },
    ];
  };
}
