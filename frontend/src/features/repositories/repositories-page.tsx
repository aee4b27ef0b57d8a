import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState } from "react";
import { Address } from "../../components/address";
import { cell, Empty, headCell, LoadError, PageHead, row, Skeleton, TableBox } from "../../components/page";
import { CardCell } from "../../components/table";
import { Time } from "../../components/time";
import { Button } from "../../components/ui/button";
import { type MenuItem, RowMenu } from "../../components/ui/menu";
import { number } from "../../lib/time";
import { MayNot, useMay } from "../account/may";
import { useRepositoryActions } from "./actions";
import { ClosedNames } from "./closed-names";
import { OrganizationDialog, RemoveRepository, RepositoryDialog } from "./dialogs";
import { Organizations } from "./organizations";
import { type Repository, repositoriesQuery } from "./queries";
import { RepositoryState } from "./status";

export function RepositoriesPage() {
  const search = useSearch({ from: "/_app/repositories/" });
  const navigate = useNavigate({ from: "/repositories/" });
  const query = useQuery(repositoriesQuery);
  const [editing, setEditing] = useState<Repository | null>(null);
  const [removing, setRemoving] = useState<Repository | null>(null);
  const [adding, setAdding] = useState(false);
  const items = useRepositoryActions(setEditing, setRemoving);
  const mayManage = useMay("MANAGE_REPOSITORIES");
  const add = () => void navigate({ search: { new: 1 } });
  const addButton = mayManage && (
    <span className="flex flex-wrap gap-2">
      <Button onClick={() => setAdding(true)}>Add organization</Button>
      <Button kind="primary" onClick={add}>
        <Plus size={16} aria-hidden /> Add repository
      </Button>
    </span>
  );
  return (
    <>
      <PageHead title="Repositories" text="Where this server gets its packages." action={addButton} />
      {search.new === 1 && (
        <div className="mb-4 empty:hidden">
          <MayNot action="MANAGE_REPOSITORIES" />
        </div>
      )}
      <TableBox>
        {query.isPending ? (
          <Skeleton rows={3} />
        ) : query.isError ? (
          <LoadError error={query.error} retry={() => query.refetch()} />
        ) : query.data.length === 0 ? (
          <Empty text="No repositories yet. Add one, and its packages can be installed from here." action={addButton} />
        ) : (
          <RepositoryTable repositories={query.data} items={mayManage ? items : undefined} />
        )}
      </TableBox>
      <Organizations mayManage={mayManage} />
      <ClosedNames mayManage={mayManage} />
      {adding && <OrganizationDialog onClose={() => setAdding(false)} />}
      {search.new === 1 && mayManage && (
        <RepositoryDialog onClose={() => void navigate({ search: {}, replace: true })} />
      )}
      {editing && <RepositoryDialog repository={editing} onClose={() => setEditing(null)} />}
      {removing && <RemoveRepository repository={removing} onClose={() => setRemoving(null)} />}
    </>
  );
}

function RepositoryTable(props: { repositories: Repository[]; items?: (r: Repository) => MenuItem[] }) {
  return (
    <table className="w-full border-collapse">
      <thead className="max-sm:sr-only">
        <tr>
          {["Name", "Packages", "Priority", "Last sync", "Status"].map((title) => (
            <th key={title} scope="col" className={headCell}>
              {title}
            </th>
          ))}
          <th scope="col" className={headCell}>
            <span className="sr-only">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {props.repositories.map((r) => (
          <tr key={r.id} className={`${row} max-sm:relative max-sm:block max-sm:pr-12 max-sm:pb-2`}>
            <th scope="row" className={`${cell} font-normal max-sm:block`}>
              <span className="grid">
                <Link to="/repositories/$id" params={{ id: r.id }} className="w-fit font-medium hover:underline">
                  {r.name}
                </Link>
                <span className="text-[13px] text-muted">
                  {r.url ? <Address text={r.url} mono={false} /> : r.type === "ARTIFACT" && "Uploads"}
                </span>
                {r.owns.length > 0 && (
                  <span className="text-[13px] text-muted wrap-anywhere">Owns {r.owns.join(", ")}</span>
                )}
              </span>
            </th>
            <CardCell label="Packages">{number(r.packageCount)}</CardCell>
            <CardCell label="Priority">{r.priority}</CardCell>
            <CardCell label="Last sync" className="whitespace-nowrap">
              {r.lastSyncedAt ? (
                <Time at={r.lastSyncedAt} />
              ) : (
                <span className="text-muted">{r.type === "ARTIFACT" ? "—" : "Never"}</span>
              )}
            </CardCell>
            <td className={`${cell} max-sm:block`}>
              <RepositoryState repository={r} />
            </td>
            <td className={`${cell} w-12 max-sm:absolute max-sm:top-0 max-sm:right-0`}>
              {props.items && <RowMenu label={`Actions of ${r.name}`} items={props.items(r)} />}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
