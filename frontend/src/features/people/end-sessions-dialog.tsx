import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Confirm } from "../../components/ui/dialog";
import { useToast } from "../../components/ui/toast";
import { EndUserSessionsDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import { count } from "../../lib/time";
import { nameOf, type Person } from "./queries";

/** Asks, then signs a person out everywhere. */
export function EndSessions({ person, onClose }: { person: Person; onClose: () => void }) {
  const client = useQueryClient();
  const toast = useToast();
  const mutation = useMutation({
    mutationFn: async () => (await request(EndUserSessionsDocument, { id: person.id })).endUserSessions,
    onSuccess: (ended) => {
      void changed(client, "people");
      toast(`${count(ended, "session")} of ${nameOf(person)} ended.`);
      onClose();
    },
  });
  return (
    <Confirm
      open
      onClose={onClose}
      title={`Sign ${nameOf(person)} out everywhere?`}
      keep="Cancel"
      action="Sign out everywhere"
      busy={mutation.isPending}
      onConfirm={() => mutation.mutate()}
      error={mutation.error?.message}
    >
      <p>Their sessions end at once. They can sign in again.</p>
    </Confirm>
  );
}
