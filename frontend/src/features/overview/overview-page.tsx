import { queryOptions, useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Check, Circle } from "lucide-react";
import type { ReactNode } from "react";
import { Address } from "../../components/address";
import { LoadError, PageHead, Skeleton } from "../../components/page";
import { Callout } from "../../components/panel";
import { buttonClass } from "../../components/ui/button";
import { UsageChart } from "../../components/usage-chart";
import { OverviewDocument, type OverviewQuery } from "../../gql/graphql";
import { request } from "../../lib/graphql";
import { hostOf } from "../../lib/snippets";
import { bytes, count, number } from "../../lib/time";
import { useWhyNot } from "../account/may";
import { serverQuery, viewerQuery } from "../account/queries";
import { PackageLink } from "../packages/package-link";
import { expiringDays } from "../tokens/search";

export const overviewQuery = queryOptions({
  queryKey: ["overview"],
  queryFn: () => request(OverviewDocument, { soon: new Date(Date.now() + expiringDays * 86_400_000).toISOString() }),
  refetchInterval: ({ state }) => (state.data && state.data.usage.downloads === 0 ? 5_000 : false),
});

export function OverviewPage() {
  const query = useQuery(overviewQuery);
  return (
    <>
      <PageHead title="Overview" text="What this server offers, and who uses it." />
      {query.isPending ? (
        <Skeleton />
      ) : query.isError ? (
        <LoadError error={query.error} retry={() => query.refetch()} />
      ) : (
        <Content data={query.data} />
      )}
    </>
  );
}

function Content({ data }: { data: OverviewQuery }) {
  const started = data.repositories.totalCount > 0 && data.tokens.totalCount > 0 && data.usage.downloads > 0;
  return (
    <div className="grid gap-8">
      <Waiting />
      {!started && <Checklist data={data} />}
      <Tiles data={data} />
      {data.usage.requests > 0 && (
        <section className="rounded-lg border border-line bg-panel p-5">
          <UsageChart title="Requests in the last 30 days" points={data.usage.series} />
        </section>
      )}
      {data.usage.topPackages.length > 0 && (
        <section className="rounded-lg border border-line bg-panel p-5">
          <h2 className="mb-3 font-semibold text-base">Most downloaded</h2>
          <ol className="grid gap-1.5">
            {data.usage.topPackages.map((top) => (
              <li key={top.package} className="flex flex-wrap justify-between gap-x-4">
                <PackageLink name={top.package} />
                <span className="whitespace-nowrap text-muted">{count(top.downloads, "download")}</span>
              </li>
            ))}
          </ol>
        </section>
      )}
    </div>
  );
}

/** That versions changed at their source, and wait for a person. */
function Waiting() {
  const { waiting } = useSuspenseQuery(viewerQuery).data;
  if (waiting === 0) return null;
  return (
    <Callout>
      <p>
        <Link to="/versions" className="font-medium underline">
          {count(waiting, "version")}
        </Link>{" "}
        changed at {waiting === 1 ? "its source and waits" : "their sources and wait"} for a decision. What was first
        seen is served until then.
      </p>
    </Callout>
  );
}

function Checklist({ data }: { data: OverviewQuery }) {
  const { data: server } = useQuery(serverQuery);
  const whyNoRepository = useWhyNot("MANAGE_REPOSITORIES");
  const whyNoToken = useWhyNot("CREATE_TOKENS");
  const host = server ? hostOf(server.publicUrl) : "";
  const command = `composer config http-basic.${host} token YOUR-TOKEN`;
  return (
    <section aria-labelledby="first-steps" className="rounded-lg border border-line bg-panel p-5">
      <h2 id="first-steps" className="mb-4 font-semibold text-base">
        First steps
      </h2>
      <ol className="grid gap-4">
        <Step done={data.repositories.totalCount > 0} title="Add a repository">
          {whyNoRepository ?? (
            <Link to="/repositories" search={{ new: 1 }} className={buttonClass("secondary")}>
              Add repository
            </Link>
          )}
        </Step>
        <Step done={data.tokens.totalCount > 0} title="Create a token">
          {whyNoToken ?? (
            <Link to="/tokens" search={{ new: 1 }} className={buttonClass("secondary")}>
              Create Token
            </Link>
          )}
        </Step>
        <Step done={data.usage.requests > 0} title="Run the command that came with the token">
          <Address text={command} />
        </Step>
        <Step done={data.usage.downloads > 0} title="See the first install">
          <span className="text-muted">Shown here a few seconds after composer install.</span>
        </Step>
      </ol>
    </section>
  );
}

function Step({ done, title, children }: { done: boolean; title: string; children: ReactNode }) {
  return (
    <li className="flex items-start gap-3">
      {done ? (
        <Check size={18} aria-hidden className="mt-0.5 shrink-0 text-good" />
      ) : (
        <Circle size={18} aria-hidden className="mt-0.5 shrink-0 text-muted" />
      )}
      <div className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-2">
        <span className={done ? "text-muted line-through" : "font-medium"}>
          {title}
          <span className="sr-only">{done ? " (done)" : " (to do)"}</span>
        </span>
        {!done && children}
      </div>
    </li>
  );
}

function Tiles({ data }: { data: OverviewQuery }) {
  const share = data.usage.requests ? Math.round((data.usage.refused / data.usage.requests) * 100) : 0;
  return (
    <dl className="grid gap-4 sm:grid-cols-2 lg:grid-cols-4">
      <Tile name="Packages" value={<Link to="/packages">{number(data.packages.totalCount)}</Link>} />
      <Tile
        name="Downloads in 30 days"
        value={number(data.usage.downloads)}
        note={data.usage.requests > 0 ? `${bytes(data.usage.bytes)}, ${share}% of requests refused` : undefined}
      />
      <Tile
        name={`Tokens expiring within ${expiringDays} days`}
        value={
          <Link to="/tokens" search={{ status: "expiring" }}>
            {number(data.expiring.totalCount)}
          </Link>
        }
      />
      <Tile name="Repositories failing" value={<Link to="/repositories">{number(data.failing.totalCount)}</Link>} />
    </dl>
  );
}

function Tile({ name, value, note }: { name: string; value: ReactNode; note?: string }) {
  return (
    <div className="rounded-lg border border-line bg-panel p-5">
      <dt className="text-muted">{name}</dt>
      <dd className="font-semibold text-2xl [&_a]:hover:underline">{value}</dd>
      {note && <dd className="text-[13px] text-muted">{note}</dd>}
    </div>
  );
}
