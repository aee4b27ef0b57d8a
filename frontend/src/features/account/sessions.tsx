import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Badge } from "../../components/badge";
import { row, TableBox } from "../../components/page";
import { Part } from "../../components/panel";
import { CardCell, TableHead } from "../../components/table";
import { Time } from "../../components/time";
import { Button } from "../../components/ui/button";
import { useToast } from "../../components/ui/toast";
import { EndOtherSessionsDocument, EndSessionDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import { count } from "../../lib/time";
import { deviceOf } from "./device";
import type { Session } from "./queries";

/** Where a person is signed in; each can be ended, but the one that asks, which signing out ends. */
export function Sessions({ sessions }: { sessions: Session[] }) {
  const client = useQueryClient();
  const toast = useToast();
  const end = useMutation({
    mutationFn: async (id?: string) => {
      if (!id) return (await request(EndOtherSessionsDocument)).endOtherSessions;
      await request(EndSessionDocument, { id });
      return 1;
    },
    onSuccess: (ended) => toast(`${count(ended, "session")} ended.`),
    onError: (error) => toast(error.message),
    onSettled: () => changed(client, "people"),
  });
  const others = sessions.filter(({ current }) => !current).length > 0;
  return (
    <Part
      title="Sessions"
      action={
        others && (
          <Button busy={end.isPending} onClick={() => end.mutate(undefined)}>
            End all others
          </Button>
        )
      }
    >
      <TableBox>
        <table className="w-full border-collapse">
          <TableHead titles={["Device", "Address", "Signed in", "Last used", "Actions"]} cards />
          <tbody>
            {sessions.map((session) => (
              <tr key={session.id} className={`${row} max-sm:block max-sm:py-1.5`}>
                <CardCell className="wrap-anywhere max-sm:block" title={session.client}>
                  {deviceOf(session.client)} {session.current && <Badge tone="good">This one</Badge>}
                </CardCell>
                <CardCell label="Address">
                  <code className="wrap-anywhere">{session.address || "unknown"}</code>
                </CardCell>
                <CardCell label="Signed in" className="whitespace-nowrap">
                  <Time at={session.createdAt} />
                </CardCell>
                <CardCell label="Last used" className="whitespace-nowrap">
                  <Time at={session.lastSeenAt} />
                </CardCell>
                <CardCell className="max-sm:block">
                  {!session.current && (
                    <Button
                      busy={end.isPending}
                      aria-label={`End the session of ${deviceOf(session.client)}, ${session.address}`}
                      onClick={() => end.mutate(session.id)}
                    >
                      End
                    </Button>
                  )}
                </CardCell>
              </tr>
            ))}
          </tbody>
        </table>
      </TableBox>
    </Part>
  );
}
