import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Choose } from "../../components/choose";
import { later } from "../../components/later";
import { LoadMore } from "../../components/load-more";
import { Button } from "../../components/ui/button";
import { rowsOf } from "../../lib/connection";
import { count } from "../../lib/time";
import { List } from "../decided/list";
import { AdvisoryTable, InstallsTable } from "./parts";
import { type Advisory, affectedQuery, type Installs, type Severity, severities, writtenQuery } from "./queries";

const AdvisoryDialog = later(async () => (await import("./advisory-dialog")).AdvisoryDialog);

/** The advisories that were written here, of all packages. */
export function Advisories({ mayDecide }: { mayDecide: boolean }) {
  const query = useInfiniteQuery(writtenQuery());
  const [writing, setWriting] = useState(false);
  const rows = rowsOf<Advisory>(query.data?.pages);
  return (
    <>
      {mayDecide && (
        <div className="mb-4">
          <Button onClick={() => setWriting(true)}>Write an advisory…</Button>
        </div>
      )}
      <List query={query} none="No advisory was written here." empty={rows.length === 0}>
        <AdvisoryTable rows={rows} mayDecide={mayDecide} />
      </List>
      <LoadMore query={query} />
      {writing && <AdvisoryDialog onClose={() => setWriting(false)} />}
    </>
  );
}

const options = Object.fromEntries(severities.map((one) => [one, one])) as Record<Severity, string>;

/** Who still installs what is affected, of all packages. */
export function Affected() {
  const [severity, setSeverity] = useState<Severity>();
  const query = useInfiniteQuery(affectedQuery({ severity }));
  const rows = rowsOf<Installs>(query.data?.pages);
  const total = query.data?.pages[0]?.totalCount;
  return (
    <>
      <div className="mb-4 flex flex-wrap items-center gap-2">
        <Choose
          label="Severity"
          none="Any severity, and blocks"
          options={options}
          value={severity}
          onChange={setSeverity}
        />
        <span role="status" className="ml-auto text-muted">
          {total !== undefined && count(total, "installation")}
        </span>
      </div>
      <List query={query} none="Nobody downloaded such a version in the last 30 days." empty={rows.length === 0}>
        <InstallsTable rows={rows} dimmed={query.isPlaceholderData} />
      </List>
      <LoadMore query={query} />
    </>
  );
}
