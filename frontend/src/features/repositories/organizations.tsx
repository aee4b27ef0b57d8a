import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Address } from "../../components/address";
import { Badge } from "../../components/badge";
import { cell, row, TableBox } from "../../components/page";
import { Part } from "../../components/panel";
import { CardCell, TableHead } from "../../components/table";
import { Time } from "../../components/time";
import { type MenuItem, RowMenu } from "../../components/ui/menu";
import { useToast } from "../../components/ui/toast";
import { SyncOrganizationDocument, UpdateOrganizationDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import { number } from "../../lib/time";
import { OrganizationDialog, OrganizationWebhook, RemoveOrganization } from "./dialogs";
import { type Organization, organizationsQuery } from "./queries";

type Asked = { what: "edit" | "webhook" | "remove"; organization: Organization };

/** The organizations whose repositories are added as they come; nothing while there is none. */
export function Organizations({ mayManage }: { mayManage: boolean }) {
  const { data } = useQuery(organizationsQuery);
  const [asked, setAsked] = useState<Asked>();
  const items = useActions(setAsked);
  const close = () => setAsked(undefined);
  if (!data || data.length === 0) return null;
  return (
    <div className="mt-8">
      <Part title="Organizations">
        <TableBox>
          <table className="w-full border-collapse">
            <TableHead
              titles={["Name", "Repositories", "Looked through", "Status", ...(mayManage ? ["Actions"] : [])]}
              cards
            />
            <tbody>
              {data.map((one) => (
                <tr key={one.id} className={`${row} max-sm:relative max-sm:block max-sm:pr-12 max-sm:pb-2`}>
                  <th scope="row" className={`${cell} font-normal max-sm:block`}>
                    <span className="grid">
                      <span className="font-medium">{one.name}</span>
                      <span className="text-[13px] text-muted">
                        <Address text={one.url} mono={false} />
                      </span>
                    </span>
                  </th>
                  <CardCell label="Repositories">{number(one.repositoryCount)}</CardCell>
                  <CardCell label="Looked through" className="whitespace-nowrap">
                    {one.lastSyncedAt ? <Time at={one.lastSyncedAt} /> : <span className="text-muted">Never</span>}
                  </CardCell>
                  <td className={`${cell} max-sm:block`}>
                    <State organization={one} />
                  </td>
                  {mayManage && (
                    <td className={`${cell} w-12 max-sm:absolute max-sm:top-0 max-sm:right-0`}>
                      <RowMenu label={`Actions of ${one.name}`} items={items(one)} />
                    </td>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </TableBox>
      </Part>
      {asked?.what === "edit" && <OrganizationDialog organization={asked.organization} onClose={close} />}
      {asked?.what === "webhook" && (
        <OrganizationWebhook id={asked.organization.id} name={asked.organization.name} onClose={close} />
      )}
      {asked?.what === "remove" && <RemoveOrganization organization={asked.organization} onClose={close} />}
    </div>
  );
}

/** How an organization stands, and what a person should know of it. */
function State({ organization }: { organization: Organization }) {
  const { status, lastError, notice } = organization;
  return (
    <span className="grid justify-items-start gap-1">
      {status === "SYNCING" && <Badge>Looking through it</Badge>}
      {status === "PENDING" && <Badge>Not looked through yet</Badge>}
      {status === "READY" && <Badge tone="good">Up to date</Badge>}
      {status === "FAILED" && <Badge tone="danger">Failed</Badge>}
      {status === "DISABLED" && <Badge tone="warn">Paused</Badge>}
      {lastError && <span className="max-w-80 text-[13px] text-danger wrap-anywhere">{lastError}</span>}
      {notice && <span className="max-w-80 text-[13px] text-warn wrap-anywhere">{notice}</span>}
    </span>
  );
}

/** What can be done to an organization, as the items of its menu. */
function useActions(ask: (asked: Asked) => void) {
  const client = useQueryClient();
  const toast = useToast();
  const { mutate } = useMutation({
    mutationFn: (act: () => Promise<unknown>) => act(),
    onSettled: () => changed(client, "repositories"),
    onError: (error) => toast(error.message),
  });
  return (organization: Organization): MenuItem[] => {
    const { id, enabled } = organization;
    const item = (label: string, act: () => Promise<unknown>) => ({ label, onSelect: () => mutate(act) });
    const update = (input: { enabled: boolean }) => () => request(UpdateOrganizationDocument, { id, input });
    return [
      ...(enabled ? [item("Look for new ones now", () => request(SyncOrganizationDocument, { id }))] : []),
      { label: "Edit", onSelect: () => ask({ what: "edit", organization }) },
      { label: "Webhook", onSelect: () => ask({ what: "webhook", organization }) },
      enabled ? item("Pause", update({ enabled: false })) : item("Resume", update({ enabled: true })),
      { label: "Remove…", onSelect: () => ask({ what: "remove", organization }), danger: true },
    ];
  };
}
