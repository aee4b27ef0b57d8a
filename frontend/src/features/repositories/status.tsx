import { Progress } from "@base-ui/react/progress";
import { Badge } from "../../components/badge";
import { Time } from "../../components/time";
import { number } from "../../lib/time";
import type { Repository } from "./queries";

/** How a repository stands: its progress while it syncs. */
export function RepositoryState({ repository }: { repository: Repository }) {
  const run = repository.syncs.edges?.[0]?.node;
  switch (repository.status) {
    case "SYNCING":
      return <SyncProgress name={repository.name} done={run?.packagesDone ?? 0} total={run?.packagesTotal} />;
    case "FAILED":
      return (
        <span className="grid gap-1">
          <span>
            <Badge tone="danger">Failed</Badge>
          </span>
          <span className="max-w-80 text-[13px] text-danger wrap-anywhere">{repository.lastError}</span>
          {repository.lastSyncedAt && (
            <span className="text-[13px] text-muted">
              Showing packages from <Time at={repository.lastSyncedAt} />.
            </span>
          )}
        </span>
      );
    case "DISABLED":
      return <Badge tone="warn">Paused</Badge>;
    case "READY":
      return <Badge tone="good">{repository.type === "ARTIFACT" ? "Ready" : "Synced"}</Badge>;
    default:
      return <Badge>Not synced yet</Badge>;
  }
}

function SyncProgress({ name, done, total }: { name: string; done: number; total?: number | null }) {
  const text = total ? `${number(done)} of ${number(total)} packages` : "Reading the list of packages";
  return (
    <Progress.Root
      value={total ? done : null}
      max={total ?? 100}
      aria-label={`Sync of ${name}`}
      getAriaValueText={() => text}
      className="grid w-52 max-w-full gap-1.5"
    >
      <span className="text-[13px]">Syncing: {text}</span>
      <Progress.Track className="block h-1.5 overflow-hidden rounded bg-soft">
        <Progress.Indicator className="block h-full rounded bg-accent transition-[width] data-indeterminate:w-1/3 data-indeterminate:animate-pulse" />
      </Progress.Track>
    </Progress.Root>
  );
}
