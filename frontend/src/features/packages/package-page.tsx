import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Address } from "../../components/address";
import { CopyButton } from "../../components/copy-button";
import { Empty, LoadError, PageHead, Skeleton } from "../../components/page";
import { Time } from "../../components/time";
import { Field, Select } from "../../components/ui/field";
import { rowsOf } from "../../lib/connection";
import { bytes, number } from "../../lib/time";
import { PackageLink } from "./package-link";
import { type FullPackage, packageQuery, type Version, versionQuery } from "./queries";
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
  const chosen = versions.find((one) => one.version === v) ?? versions[0];
  return (
    <>
      <PageHead title={pkg.name} text={pkg.description} />
      {pkg.abandoned != null && (
        <p className="mb-6 rounded-md bg-warn-soft px-4 py-2.5 text-warn">
          This package is abandoned.{pkg.abandoned && ` Use ${pkg.abandoned} instead.`}
        </p>
      )}
      <InstallCommand name={pkg.name} />
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
            <VersionFacts version={chosen} repository={pkg.repository.name} type={pkg.type} />
          </section>
          <Requirements id={chosen.id} />
        </div>
      )}
      <div className="grid gap-8">
        <Versions versions={versions} total={pkg.versions.totalCount} />
        <Blocks name={pkg.name} />
        <WhoDownloaded name={pkg.name} versions={versions} version={who} />
      </div>
    </>
  );
}

function InstallCommand({ name }: { name: string }) {
  const command = `composer require ${name}`;
  return (
    <div className="mb-8 flex items-start justify-between gap-2 rounded-lg border border-line bg-panel p-3">
      <pre className="mt-1.5 min-w-0">
        <Address text={command} />
      </pre>
      <CopyButton text={command} label="Copy the command" />
    </div>
  );
}

function VersionFacts({ version, repository, type }: { version: Version; repository: string; type: string }) {
  const facts: [string, ReactNode][] = [
    ["Released", version.releasedAt ? <Time key="time" at={version.releasedAt} /> : "Unknown"],
    ["License", version.licenses.join(", ") || "Not said"],
    ["Type", type],
    ["Repository", repository],
    ["Reference", <code key="reference">{version.reference ?? "none"}</code>],
    ["Archive", version.archiveBytes == null ? "Fetched when first asked for" : bytes(version.archiveBytes)],
    ["SHA-256", version.archiveSha256 ? <code key="sha">{version.archiveSha256}</code> : "Not stored yet"],
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

function Requirements({ id }: { id: string }) {
  const { data } = useQuery(versionQuery(id));
  const requires = Object.entries(data?.metadata.require ?? {});
  return (
    <section className="rounded-lg border border-line bg-panel p-5">
      <h2 className="mb-3 font-semibold text-base">Requires</h2>
      {requires.length === 0 && <p className="text-muted">{data ? "Nothing." : "…"}</p>}
      <ul className="grid gap-1.5">
        {requires.map(([name, constraint]) => (
          <li key={name} className="flex flex-wrap justify-between gap-x-4">
            {name.includes("/") ? <PackageLink name={name} /> : <span>{name}</span>}
            <code>{constraint}</code>
          </li>
        ))}
      </ul>
    </section>
  );
}
