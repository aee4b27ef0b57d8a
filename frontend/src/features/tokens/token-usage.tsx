import { useQuery } from "@tanstack/react-query";
import { LoadError, Skeleton } from "../../components/page";
import { Panel } from "../../components/panel";
import { UsageChart } from "../../components/usage-chart";
import { type Days, pointsOf, stepOf } from "../usage/period";
import { PeriodChoice } from "../usage/period-choice";
import { TopPackages } from "../usage/top";
import { tokenUsageQuery } from "./queries";

type Props = { id: string; days: Days; onDays: (days: Days) => void };

/** What a token asked, day by day, and which packages it downloaded most. */
export function TokenUsage({ id, days, onDays }: Props) {
  const { data, error, refetch, isPlaceholderData } = useQuery(tokenUsageQuery(id, days));
  if (error) return <LoadError error={error} retry={refetch} />;
  if (!data) return <Skeleton rows={4} />;
  return (
    <div className={`grid items-start gap-6 lg:grid-cols-3 ${isPlaceholderData ? "opacity-60" : ""}`}>
      <Panel className="lg:col-span-2">
        <UsageChart
          title={`Requests a ${stepOf(days)}`}
          step={stepOf(days)}
          points={pointsOf(data.series, days)}
          action={<PeriodChoice value={days} onChange={onDays} periods={[7, 30, 90]} />}
        />
      </Panel>
      <Panel title="Most downloaded">
        <TopPackages top={data.topPackages} />
      </Panel>
    </div>
  );
}
