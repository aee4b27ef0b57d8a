import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Address } from "../../components/address";
import { CopyButton } from "../../components/copy-button";
import { Empty, LoadError, PageHead, Skeleton } from "../../components/page";
import { Callout } from "../../components/panel";
import { buttonClass } from "../../components/ui/button";
import { Field, Select } from "../../components/ui/field";
import { rowsOf } from "../../lib/connection";
import { PackageAdvisories, VersionAdvisories } from "../advisories/package-advisories";
import { PackageUsage } from "./package-usage";
import { type FullPackage, packageQuery, type Version, versionQuery } from "./queries";
import { ReadmePanel } from "./readme-panel";
import { Dependents, Requirements } from "./requirements";
import { isBlocked } from "./state";
import { VersionFacts } from "./version-facts";
import { Versions } from "./versions";
import { WhoDownloaded } from "./who";
import { Blocks, Withheld } from "./withheld";

export function PackagePage() {
  const { vendor, name } = useParams({ from: "/_app/packages/$vendor/$name" });
  const query = useQuery(packageQuery(`${vendor}/${name}`));
  if (query.data) return <PackageDetails pkg={query.data} />;
  return (
    <>
      <PageHead title={`${vendor}/${name}`} />
      {query.isPending ? (
        <Skeleton />
      ) : query.isError ? (
        <LoadError error={query.error} retry={() => query.refetch()} />
      ) : (
        <Empty
          text="No repository of this server has it. It may have been removed: what lock files name of it is served for a while."
          action={
            <Link to="/packages" className={buttonClass()}>
              All packages
            </Link>
          }
        />
      )}
    </>
  );
}

function PackageDetails({ pkg }: { pkg: FullPackage }) {
  const { v, who } = useSearch({ from: "/_app/packages/$vendor/$name" });
  const navigate = useNavigate({ from: "/packages/$vendor/$name" });
  const choose = (next: string) =>
    void navigate({ search: (now) => ({ ...now, v: next }), replace: true, resetScroll: false });
  const versions = rowsOf<Version>([pkg.versions]);
  const named = versions.find((one) => one.version === v);
  const latest = versions.find((one) => one.id === pkg.latest?.id);
  const chosen = named ?? latest ?? versions[0];
  const { data: full } = useQuery(versionQuery(chosen?.id));
  return (
    <>
      <PageHead title={pkg.name} text={pkg.description} />
      {pkg.abandoned != null && (
        <p className="mb-6 rounded-md bg-warn-soft px-4 py-2.5 text-warn">
          This package is abandoned.{pkg.abandoned && ` Use ${pkg.abandoned} instead.`}
        </p>
      )}
      {pkg.withheld && (
        <div className="mb-6">
          <Callout tone={isBlocked(pkg.withheld) ? "danger" : "warn"}>
            <p className="font-medium">
              {isBlocked(pkg.withheld) ? "Every version is blocked: nobody gets it from here." : "It is not served."}
            </p>
            <p>{pkg.withheld}</p>
          </Callout>
        </div>
      )}
      {v && !named && (
        <p className="mb-6 rounded-md bg-warn-soft px-4 py-2.5 text-warn">There is no version {v} here.</p>
      )}
      {versions.length === 0 && (
        <div className="mb-8 rounded-lg border border-line bg-panel">
          <Empty text="It has no versions yet." />
        </div>
      )}
      {chosen && (
        <InstallCommand name={pkg.name} version={asItIs(chosen) && chosen === latest ? undefined : chosen.version} />
      )}
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
            <VersionAdvisories id={chosen.id} />
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
        <Blocks blocks={pkg.blocks} />
        <PackageAdvisories name={pkg.name} />
        {chosen && <ReadmePanel id={chosen.id} stored={full?.archiveBytes != null || full?.archiveType === null} />}
        {versions.length > 0 && <Versions versions={versions} total={pkg.versions.totalCount} />}
        <PackageUsage name={pkg.name} downloads={pkg.downloads} />
        <WhoDownloaded name={pkg.name} versions={versions} version={who} />
      </div>
    </>
  );
}

/** Whether Composer takes a version by itself, without being told of it: a stable one. */
const asItIs = ({ normalizedVersion }: Version) => /^[\d.]+(-patch[\d.]*)?$/.test(normalizedVersion);

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
