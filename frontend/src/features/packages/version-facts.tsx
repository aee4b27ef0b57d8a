import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Time } from "../../components/time";
import { bytes, number } from "../../lib/time";
import type { FullPackage, FullVersion, Version } from "./queries";

type Props = { version: Version; full?: FullVersion | null; pkg: FullPackage };

/** What is known of a version, and of its archive. */
export function VersionFacts({ version, full, pkg }: Props) {
  const facts: [string, ReactNode][] = [
    ["Released", version.releasedAt ? <Time key="time" at={version.releasedAt} long /> : "Its source does not say"],
    ["First seen here", full?.firstSeenAt ? <Time key="time" at={full.firstSeenAt} long /> : full ? "Unknown" : "…"],
    ["License", version.licenses.join(", ") || "Not said"],
    ["Type", pkg.type],
    ["Repository", <RepositoryLink key="repository" {...pkg.repository} />],
    ["Reference", version.reference ? <code key="reference">{version.reference}</code> : "None"],
    ...(full ? archiveFacts(full) : ([["Archive", "…"]] as [string, ReactNode][])),
    ["Downloads", number(version.downloads)],
  ];
  return (
    <dl className="grid grid-cols-[8rem_minmax(0,1fr)] gap-y-2">
      {facts.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd className="wrap-anywhere">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Whether there is an archive, and whether it is stored here: since when, how large, and its digests. */
export function archiveFacts(full: Pick<FullVersion, ArchiveField>): [string, ReactNode][] {
  const { archiveType, archiveBytes, archiveStoredAt, archiveSha256, archiveSha1 } = full;
  if (archiveType == null) return [["Archive", "It has none."]];
  if (archiveBytes == null) return [["Archive", `${archiveType}, not stored yet: it is fetched when first asked for.`]];
  return [
    ["Archive", `${archiveType}, ${bytes(archiveBytes)}`],
    ["Stored here", archiveStoredAt ? <Time key="stored" at={archiveStoredAt} long /> : "Yes"],
    ["SHA-256", <code key="sha256">{archiveSha256}</code>],
    ["SHA-1", <code key="sha1">{archiveSha1}</code>],
  ];
}

type ArchiveField = "archiveType" | "archiveBytes" | "archiveStoredAt" | "archiveSha256" | "archiveSha1";

function RepositoryLink({ id, name }: FullPackage["repository"]) {
  return (
    <Link to="/repositories/$id" params={{ id }} className="text-accent underline">
      {name}
    </Link>
  );
}
