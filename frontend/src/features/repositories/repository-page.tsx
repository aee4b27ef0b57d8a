import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { Address } from "../../components/address";
import { Badge, type Tone } from "../../components/badge";
import { Empty, LoadError, PageHead, row, Skeleton, TableBox } from "../../components/page";
import { Callout } from "../../components/panel";
import { CardCell, TableHead } from "../../components/table";
import { Time } from "../../components/time";
import { Button, buttonClass } from "../../components/ui/button";
import type { RepositoryQuery, SyncStatus } from "../../gql/graphql";
import { rowsOf } from "../../lib/connection";
import { count, number } from "../../lib/time";
import { useMay } from "../account/may";
import { useRepositoryActions, useRepositoryActs } from "./actions";
import { RemoveRepository, RepositoryDialog, UploadPanel, WebhookPanel } from "./dialogs";
import { type Repository, repositoryQuery } from "./queries";
import { RepositoryFacts } from "./repository-facts";

type Full = NonNullable<RepositoryQuery["repository"]>;
type Run = NonNullable<NonNullable<NonNullable<Full["history"]["edges"]>[number]>["node"]>;

export function RepositoryPage() {
  const { id } = useParams({ from: "/_app/repositories/$id" });
  const query = useQuery(repositoryQuery(id));
  const repository = query.data;
  if (!repository) {
    return (
      <>
        <PageHead title="Repository" />
        {query.isPending ? (
          <Skeleton />
        ) : query.isError ? (
          <LoadError error={query.error} retry={() => query.refetch()} />
        ) : (
          <Empty
            text="There is no such repository. It may have been removed."
            action={
              <Link to="/repositories" className={buttonClass()}>
                All repositories
              </Link>
            }
          />
        )}
      </>
    );
  }
  const uploads = repository.type === "ARTIFACT";
  return (
    <>
      <PageHead
        title={repository.name}
        text={
          repository.url ? (
            <Address text={repository.url} mono={false} />
          ) : (
            uploads && "Archives that are uploaded here."
          )
        }
        action={<Actions repository={repository} />}
      />
      <p role="status" className="sr-only">
        {stands[repository.status]}
      </p>
      <div className="mb-6 empty:hidden">
        <Standing repository={repository} />
      </div>
      <RepositoryFacts repository={repository} />
      {uploads ? (
        <Uploads repository={repository} />
      ) : (
        <>
          <h2 className="mb-3 font-semibold text-base">Syncs</h2>
          <TableBox>
            <History runs={rowsOf<Run>([repository.history])} />
          </TableBox>
          <Webhook id={repository.id} />
        </>
      )}
    </>
  );
}

/** What Standing offers already, by how the repository stands. */
const offered: Partial<Record<Repository["status"], string[]>> = {
  FAILED: ["Sync now", "Pause"],
  DISABLED: ["Resume"],
};

/** How the repository stands, for who does not see it: said again when it changes. */
const stands: Record<Repository["status"], string> = {
  PENDING: "It is not synced yet.",
  SYNCING: "A sync is under way.",
  READY: "It is up to date.",
  FAILED: "Its last sync failed.",
  DISABLED: "It is paused.",
};

/** The buttons that another takes the place of, by its label: one button, which keeps the focus. */
const sameAs: Record<string, string> = { "Cancel sync": "Sync now", Resume: "Pause" };

/** What can be done to the repository, for whoever may. */
function Actions({ repository }: { repository: Repository }) {
  const mayManage = useMay("MANAGE_REPOSITORIES");
  const navigate = useNavigate();
  const [open, setOpen] = useState<"edit" | "remove">();
  const items = useRepositoryActions(
    () => setOpen("edit"),
    () => setOpen("remove"),
  )(repository);
  if (!mayManage) return null;
  return (
    <div className="flex flex-wrap gap-2">
      {items
        .filter(({ label }) => !offered[repository.status]?.includes(label))
        .map(({ label, onSelect, danger }) => (
          <Button key={sameAs[label] ?? label} className={danger ? "text-danger!" : ""} onClick={onSelect}>
            {label}
          </Button>
        ))}
      {open === "edit" && <RepositoryDialog repository={repository} onClose={() => setOpen(undefined)} />}
      {open === "remove" && (
        <RemoveRepository
          repository={repository}
          onClose={() => setOpen(undefined)}
          onRemoved={() => void navigate({ to: "/repositories" })}
        />
      )}
    </div>
  );
}

/** Where its host tells of pushes, for whoever may manage it. */
function Webhook({ id }: { id: string }) {
  const mayManage = useMay("MANAGE_REPOSITORIES");
  if (!mayManage) return null;
  return (
    <div className="mt-8">
      <WebhookPanel id={id} />
    </div>
  );
}

/** Where archives are uploaded, for whoever may. */
function Uploads({ repository }: { repository: Repository }) {
  const mayUpload = useMay("UPLOAD_PACKAGES");
  if (!mayUpload) return <p className="text-muted">A maintainer, or a write token, can upload to it.</p>;
  return repository.enabled && <UploadPanel repository={repository} />;
}

/** What can be done about a source that fails or is paused; whoever may not do it is told who may. */
export function Standing({ repository }: { repository: Repository }) {
  const mayManage = useMay("MANAGE_REPOSITORIES");
  const [editing, setEditing] = useState(false);
  const { run, doing } = useRepositoryActs();
  if (repository.status === "DISABLED") {
    return (
      <Callout>
        <p className="font-medium">
          It is paused: {repository.type === "ARTIFACT" ? "nothing can be uploaded" : "it is not synced"}. What is
          stored goes on being served.
        </p>
        {repository.lastError && <p>{repository.lastError}</p>}
        {mayManage && (
          <Button
            data-takes-focus
            className="mt-1.5 w-fit"
            busy={doing !== undefined}
            onClick={() => run("resume", repository)}
          >
            {doing ? "Resuming" : "Resume"}
          </Button>
        )}
      </Callout>
    );
  }
  if (repository.status !== "FAILED") {
    return (
      repository.notice && (
        <Callout>
          <p className="font-medium">{repository.notice}</p>
          {mayManage && (
            <Button className="mt-1.5 w-fit" busy={doing !== undefined} onClick={() => run("confirm", repository)}>
              {doing ? "Removing" : "They are gone: remove them"}
            </Button>
          )}
        </Callout>
      )
    );
  }
  return (
    <Callout tone="danger">
      <p className="font-medium">Its last sync failed. What was stored before goes on being served.</p>
      {mayManage ? (
        <div className="mt-1.5 flex flex-wrap gap-2">
          <Button data-takes-focus busy={doing !== undefined} onClick={() => run("sync", repository)}>
            {doing === "sync" ? "Trying again" : "Try again"}
          </Button>
          <Button onClick={() => setEditing(true)}>Change the address or credential</Button>
          <Button busy={doing !== undefined} onClick={() => run("pause", repository)}>
            {doing === "pause" ? "Pausing" : "Pause"}
          </Button>
        </div>
      ) : (
        <p>A maintainer can try again, change its credential, or pause it.</p>
      )}
      {editing && <RepositoryDialog repository={repository} onClose={() => setEditing(false)} />}
    </Callout>
  );
}

const outcomes: Record<SyncStatus, [Tone, string]> = {
  QUEUED: ["plain", "Queued"],
  RUNNING: ["plain", "Running"],
  SUCCEEDED: ["good", "Succeeded"],
  FAILED: ["danger", "Failed"],
  CANCELED: ["warn", "Canceled"],
};

function History({ runs }: { runs: Run[] }) {
  if (runs.length === 0) return <Empty text="It was not synced yet." />;
  return (
    <table className="w-full border-collapse">
      <TableHead titles={["Started", "By", "Outcome", "Packages", "Versions"]} cards />
      <tbody>
        {runs.map((run) => (
          <tr key={run.id} className={`${row} align-top max-sm:block max-sm:py-1.5`}>
            <CardCell label={run.startedAt ? "Started" : undefined} className="whitespace-nowrap">
              {run.startedAt ? <Time at={run.startedAt} /> : "Waiting"}
            </CardCell>
            <CardCell label="By" className="wrap-words">
              {run.trigger}
            </CardCell>
            <CardCell className="max-sm:block">
              <Outcome run={run} />
            </CardCell>
            <CardCell label="Packages" className="whitespace-nowrap">
              {number(run.packagesDone)}
              {run.packagesTotal != null && ` of ${number(run.packagesTotal)}`}
            </CardCell>
            <CardCell label="Versions" className="whitespace-nowrap">
              +{number(run.versionsAdded)} −{number(run.versionsRemoved)}
              {run.versionsChanged > 0 && (
                <span className="block text-[13px] text-muted">
                  {number(run.versionsChanged)} changed at the source
                </span>
              )}
              {run.archivesAhead > 0 && (
                <span className="block text-[13px] text-muted">{number(run.archivesAhead)} fetched ahead</span>
              )}
            </CardCell>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Outcome({ run }: { run: Run }) {
  const [tone, text] = outcomes[run.status];
  return (
    <div className="grid justify-items-start gap-1.5">
      <Badge tone={tone}>{text}</Badge>
      {run.notice && <span className="text-[13px] text-warn wrap-anywhere">{run.notice}</span>}
      {run.error && <span className="text-[13px] text-danger wrap-anywhere">{run.error}</span>}
      {run.skipped.length > 0 && (
        <details className="text-[13px]">
          <summary>{count(run.skipped.length, "version or package left out", "versions or packages left out")}</summary>
          <ul className="mt-1.5 grid gap-1">
            {run.skipped.map((skip) => (
              <li key={`${skip.package} ${skip.version} ${skip.reason}`} className="wrap-anywhere">
                <code>
                  {skip.package} {skip.version}
                </code>
                : {skip.reason}.
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
