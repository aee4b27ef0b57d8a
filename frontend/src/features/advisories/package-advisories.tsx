import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { later } from "../../components/later";
import { LoadMore } from "../../components/load-more";
import { TableBox } from "../../components/page";
import { Callout, Part } from "../../components/panel";
import { Button } from "../../components/ui/button";
import { rowsOf } from "../../lib/connection";
import { useMay } from "../account/may";
import { AdvisoryTable, InstallsTable, Weakness } from "./parts";
import { type Advisory, affectedQuery, type Installs, versionAdvisoriesQuery, writtenQuery } from "./queries";

const AdvisoryDialog = later(async () => (await import("./advisory-dialog")).AdvisoryDialog);

/** What is known of weaknesses of a version. */
export function VersionAdvisories({ id }: { id: string }) {
  const { data: advisories = [] } = useQuery(versionAdvisoriesQuery(id));
  if (advisories.length === 0) return null;
  return (
    <Callout tone="danger">
      <p className="font-medium">Advisories</p>
      <ul className="grid gap-1">
        {advisories.map((one) => (
          <li key={one.id}>
            <Weakness advisory={one} />
          </li>
        ))}
      </ul>
    </Callout>
  );
}

/** The advisories that were written here of a package, and who still installs an affected version of it. */
export function PackageAdvisories({ name }: { name: string }) {
  const written = useInfiniteQuery(writtenQuery(name));
  const affected = useInfiniteQuery(affectedQuery({ package: name }));
  const [writing, setWriting] = useState(false);
  const mayDecide = useMay("DECIDE_VERSIONS");
  const ours = rowsOf<Advisory>(written.data?.pages);
  const installs = rowsOf<Installs>(affected.data?.pages);
  return (
    <Part title="Advisories" action={mayDecide && <Button onClick={() => setWriting(true)}>Write an advisory…</Button>}>
      {ours.length > 0 && (
        <TableBox>
          <AdvisoryTable rows={ours} mayDecide={mayDecide} />
        </TableBox>
      )}
      <LoadMore query={written} />
      {affected.data && installs.length === 0 ? (
        <p className="text-muted">Nobody downloaded an affected or blocked version in the last 30 days.</p>
      ) : (
        <>
          <p className="text-muted">Who downloaded an affected or blocked version in the last 30 days:</p>
          <TableBox>
            <InstallsTable rows={installs} ofOne />
          </TableBox>
          <LoadMore query={affected} />
        </>
      )}
      {writing && <AdvisoryDialog name={name} onClose={() => setWriting(false)} />}
    </Part>
  );
}
