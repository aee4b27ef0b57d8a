import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Address } from "../../components/address";
import { CopyButton } from "../../components/copy-button";
import { Empty, LoadError, PageHead, Skeleton } from "../../components/page";
import { Time } from "../../components/time";
import { Field, Select } from "../../components/ui/field";
import { rowsOf } from "../../lib/connection";
import { bytes, number } from "../../lib/time";
import { PackageUsage } from "./package-usage";
import { type FullPackage, type FullVersion, packageQuery, type Version, versionQuery } from "./queries";
import { ReadmePanel } from "./readme-panel";
import { Dependents, Requirements } from "./requirements";
import { Versions } from "./versions";
import { WhoDownloaded } from "./who";
import { Blocks, Withheld } from "./withheld";

export function PackagePage() {
  const { vendor, name } = useParams({ from: "/_app/packages/$vendor/$name" });
  const query = useQuery(packageQuery(`${vendor}/${name}`));
  if (query.isPending) return <Skeleton />;
  if (query.isError) return <LoadError error={query.error} retry={() => query.refetch()} />;
  if (!query.data) return <Empty text={`No repository of this server has ${vendor}/${name}.`} />;
  return <PackageDetails pkg={query.data} />;
}

function PackageDetails({ pkg }: { pkg: FullPackage }) {
  const { v, who } = useSearch({ from: "/_app/packages/$vendor/$name" });
  const navigate = useNavigate({ from: "/packages/$vendor/$name" });
  const choose = (next: string) =>
    void navigate({ search: (now) => ({ ...now, v: next }), replace: true, resetScroll: false });
  const versions = rowsOf<Version>([pkg.versions]);
  const named = versions.find((one) => one.version === v);
  const chosen = named ?? versions[0];
  const { data: full } = useQuery(versionQuery(chosen?.id));
  return (
    <>
      <PageHead title={pkg.name} text={pkg.description} />
      {pkg.abandoned != null && (
        <p className="mb-6 rounded-md bg-warn-soft px-4 py-2.5 text-warn">
          This package is abandoned.{pkg.abandoned && ` Use ${pkg.abandoned} instead.`}
        </p>
      )}
      {v && !named && (
        <p className="mb-6 rounded-md bg-warn-soft px-4 py-2.5 text-warn">There is no version {v} here.</p>
      )}
      <InstallCommand name={pkg.name} version={chosen === versions[0] ? undefined : chosen?.version} />
      {chosen && (
        <div className="mb-8 grid items-start gap-6 lg:grid-cols-2">
          <section className="grid gap-4 rounded-lg border border-line bg-panel p-5">
            <Field label="Version">
              {(ids) => (
                <Select
                  {...ids}
                  className="mono"
                  value={chosen.version}
                  onChange={({ target }) => choose(target.value)}
                >
                  {versions.map((one) => (
                    <option key={one.id}>{one.version}</option>
                  ))}
                </Select>
              )}
            </Field>
            <Withheld id={chosen.id} name={pkg.name} version={chosen.version} />
            <VersionFacts version={chosen} full={full} pkg={pkg} />
          </section>
          <div className="grid gap-6">
            <Requirements version={full} />
            <Dependents version={full} />
          </div>
        </div>
      )}
      <div className="grid gap-8">
        {chosen && <ReadmePanel id={chosen.id} stored={full?.archiveBytes != null} />}
        <Versions versions={versions} total={pkg.versions.totalCount} />
        <Blocks name={pkg.name} />
        <PackageUsage name={pkg.name} />
        <WhoDownloaded name={pkg.name} versions={versions} version={who} />
      </div>
    </>
  );
}

function InstallCommand({ name, version }: { name: string; version?: string }) {
  const command = `composer require ${name}${version ? `:${version}` : ""}`;
  return (
    <div className="mb-8 flex items-start justify-between gap-2 rounded-lg border border-line bg-panel p-3">
      <pre className="mt-1.5 min-w-0">
        <Address text={command} />
      </pre>
      <CopyButton text={command} label="Copy the command" />
    </div>
  );
}

type FactsProps = { version: Version; full?: FullVersion | null; pkg: FullPackage };

function VersionFacts({ version, full, pkg }: FactsProps) {
  const code = (text?: string | null) => (text ? <code>{text}</code> : "Not stored yet");
  const facts: [string, ReactNode][] = [
    ["Released", version.releasedAt ? <Time key="time" at={version.releasedAt} /> : "Unknown"],
    ...(full?.firstSeenAt
      ? [["First seen here", <Time key="time" at={full.firstSeenAt} />] as [string, ReactNode]]
      : []),
    ["License", version.licenses.join(", ") || "Not said"],
    ["Type", pkg.type],
    ["Repository", <RepositoryLink key="repository" {...pkg.repository} />],
    ["Reference", <code key="reference">{version.reference ?? "none"}</code>],
    ["Archive", full?.archiveBytes == null ? "Fetched when first asked for" : bytes(full.archiveBytes)],
    ["SHA-256", code(full?.archiveSha256)],
    ["SHA-1", code(full?.archiveSha1)],
    ["Downloads", number(version.downloads)],
  ];
  return (
    <dl className="grid grid-cols-[7rem_1fr] gap-y-2">
      {facts.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd className="wrap-anywhere">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function RepositoryLink({ id, name }: FullPackage["repository"]) {
  return (
    <Link to="/repositories/$id" params={{ id }} className="text-accent underline">
      {name}
    </Link>
  );
}
