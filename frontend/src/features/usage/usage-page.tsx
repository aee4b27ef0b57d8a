import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { LoadError, PageHead, Skeleton } from "../../components/page";
import { Panel } from "../../components/panel";
import { FileLink } from "../../components/table";
import { UsageChart } from "../../components/usage-chart";
import { fileUrl } from "../../lib/search";
import { RefusedPanel, UsageCards } from "./cards";
import { type Days, pointsOf, rangeOf, stepOf } from "./period";
import { PeriodChoice } from "./period-choice";
import { type Usage, usageQuery } from "./queries";
import { TopPackages, TopTokens } from "./top";

export function UsagePage() {
  const { days = 30 } = useSearch({ from: "/_app/usage" });
  const navigate = useNavigate({ from: "/usage" });
  const query = useQuery(usageQuery(days));
  const choose = (next: Days) => void navigate({ search: next === 30 ? {} : { days: next }, replace: true });
  return (
    <>
      <PageHead
        title="Usage"
        text="What was asked of this server, and what it answered."
        action={
          <span className="flex flex-wrap items-center gap-2">
            <PeriodChoice value={days} onChange={choose} />
            <FileLink href={fileUrl("/export/usage.csv", { range: rangeOf(days) })}>CSV</FileLink>
          </span>
        }
      />
      {query.isPending ? (
        <Skeleton />
      ) : query.isError ? (
        <LoadError error={query.error} retry={() => query.refetch()} />
      ) : (
        <Content usage={query.data} days={days} dimmed={query.isPlaceholderData} />
      )}
    </>
  );
}

function Content({ usage, days, dimmed }: { usage: Usage; days: Days; dimmed: boolean }) {
  return (
    <div className={`grid gap-6 ${dimmed ? "opacity-60" : ""}`}>
      <UsageCards usage={usage} />
      <div className="grid items-start gap-6 lg:grid-cols-3">
        <Panel className="lg:col-span-2">
          <UsageChart title={`Requests a ${stepOf(days)}`} step={stepOf(days)} points={pointsOf(usage.series, days)} />
        </Panel>
        <RefusedPanel usage={usage} />
      </div>
      <div className="grid items-start gap-6 lg:grid-cols-2">
        <Panel title="Most downloaded packages">
          <TopPackages top={usage.topPackages} />
        </Panel>
        <Panel title="Busiest tokens">
          <TopTokens top={usage.topTokens} />
        </Panel>
      </div>
    </div>
  );
}
