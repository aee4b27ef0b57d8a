import { useInfiniteQuery, useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Badge } from "../../components/badge";
import { LoadMore } from "../../components/load-more";
import { cell, LoadError, PageHead, row, Skeleton, TableBox } from "../../components/page";
import { CardCell, TableHead } from "../../components/table";
import { Time } from "../../components/time";
import { Button } from "../../components/ui/button";
import { type MenuItem, RowMenu } from "../../components/ui/menu";
import { rowsOf } from "../../lib/connection";
import { MayNot, useMay } from "../account/may";
import { viewerQuery } from "../account/queries";
import { EditPerson, EndSessions, InvitePerson, RemovePerson } from "./dialogs";
import { nameOf, type Person, peopleQuery, roleName } from "./queries";

/** What is asked about a person. */
type Asked = { about: "edit" | "remove" | "sessions" | "invitation"; person: Person };

export function PeoplePage() {
  const { data: viewer } = useSuspenseQuery(viewerQuery);
  const [inviting, setInviting] = useState(false);
  const mayRead = useMay("READ_PEOPLE");
  const mayManage = useMay("MANAGE_PEOPLE");
  return (
    <>
      <PageHead
        title="People"
        text="Who signs in here, and what they may do."
        action={
          mayManage && (
            <Button kind="primary" className="min-h-11" onClick={() => setInviting(true)}>
              Invite somebody
            </Button>
          )
        }
      />
      {mayRead ? <People viewerId={viewer.id} mayManage={mayManage} /> : <MayNot action="READ_PEOPLE" />}
      {inviting && <InvitePerson onClose={() => setInviting(false)} />}
    </>
  );
}

function People({ viewerId, mayManage }: { viewerId: string; mayManage: boolean }) {
  const query = useInfiniteQuery(peopleQuery);
  const [asked, setAsked] = useState<Asked | null>(null);
  const close = () => setAsked(null);
  const items = (person: Person): MenuItem[] => {
    if (!mayManage) return [];
    const ask = (label: string, about: Asked["about"], danger?: boolean): MenuItem => ({
      label,
      danger,
      onSelect: () => setAsked({ about, person }),
    });
    if (person.status === "ACTIVE") {
      return [
        ask("Change name or role…", "edit"),
        ask("Sign out everywhere…", "sessions"),
        ask("Remove…", "remove", true),
      ];
    }
    return [
      ask("New link…", "invitation"),
      ask("Change name or role…", "edit"),
      ask("Take back the invitation…", "remove", true),
    ];
  };
  if (query.isPending) {
    return (
      <TableBox>
        <Skeleton />
      </TableBox>
    );
  }
  if (query.isError) return <LoadError error={query.error} retry={() => query.refetch()} />;
  return (
    <>
      <TableBox>
        <table className="w-full border-collapse">
          <TableHead titles={["Person", "Role", "Second factor", "Last sign-in", "Status", "Actions"]} cards />
          <tbody>
            {rowsOf<Person>(query.data.pages).map((person) => (
              <PersonRow key={person.id} person={person} isViewer={person.id === viewerId} items={items(person)} />
            ))}
          </tbody>
        </table>
      </TableBox>
      <LoadMore query={query} />
      {asked?.about === "edit" && <EditPerson person={asked.person} onClose={close} />}
      {asked?.about === "remove" && <RemovePerson person={asked.person} onClose={close} />}
      {asked?.about === "sessions" && <EndSessions person={asked.person} onClose={close} />}
      {asked?.about === "invitation" && <InvitePerson again={asked.person} onClose={close} />}
    </>
  );
}

function PersonRow({ person, isViewer, items }: { person: Person; isViewer: boolean; items: MenuItem[] }) {
  return (
    <tr className={`${row} max-sm:relative max-sm:block max-sm:pr-12 max-sm:pb-2`}>
      <th scope="row" className={`${cell} font-normal max-sm:block`}>
        <span className="grid wrap-anywhere">
          <span className="font-medium">
            {nameOf(person)}
            {isViewer && <span className="font-normal text-muted"> (you)</span>}
          </span>
          {person.name && <span className="text-[13px] text-muted">{person.email}</span>}
        </span>
      </th>
      <CardCell label="Role">{roleName(person.role)}</CardCell>
      <CardCell label="Second factor">
        {person.secondFactor ? <Badge tone="good">On</Badge> : <span className="text-muted">None</span>}
      </CardCell>
      <CardCell label="Last sign-in" className="whitespace-nowrap">
        {person.lastSignInAt ? <Time at={person.lastSignInAt} /> : <span className="text-muted">Never</span>}
      </CardCell>
      <CardCell label="Status">
        <State person={person} />
      </CardCell>
      <td className={`${cell} w-12 max-sm:absolute max-sm:top-0 max-sm:right-0`}>
        {items.length > 0 && <RowMenu label={`Actions of ${nameOf(person)}`} items={items} />}
      </td>
    </tr>
  );
}

function State({ person: { status, invitationEndsAt } }: { person: Person }) {
  if (status === "ACTIVE") return "Active";
  if (status === "INVITATION_ENDED") return <Badge tone="danger">Invitation ended</Badge>;
  return (
    <span className="flex flex-wrap items-center gap-x-2">
      <Badge tone="warn">Invited</Badge>
      {invitationEndsAt && (
        <span className="text-[13px] text-muted">
          ends <Time at={invitationEndsAt} />
        </span>
      )}
    </span>
  );
}
