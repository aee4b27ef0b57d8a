import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { Panel } from "../../components/panel";
import { readmeQuery } from "./queries";

const Readme = lazy(() => import("../readme/readme"));

/** The README of a version, as far as it is stored here. */
export function ReadmePanel({ id, stored }: { id: string; stored: boolean }) {
  const { data, isPending, error } = useQuery(readmeQuery(id));
  return (
    <Panel title="README">
      {isPending && <p className="text-muted">…</p>}
      {error && <p className="text-danger">{error.message}</p>}
      {data === null && (
        <p className="text-muted">
          {stored
            ? "It has none."
            : "It is shown once the archive is stored, which is when somebody first installs it."}
        </p>
      )}
      {data && (
        <Suspense fallback={<p className="text-muted">…</p>}>
          <Readme text={data} />
        </Suspense>
      )}
    </Panel>
  );
}
