import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Panel } from "../../components/panel";
import { UsageChart } from "../../components/usage-chart";
import { type Days, pointsOf, stepOf } from "../usage/period";
import { PeriodChoice } from "../usage/period-choice";
import { packageUsageQuery } from "./queries";

/** What was asked of a package, and how often it was downloaded, day by day. */
export function PackageUsage({ name }: { name: string }) {
  const [days, setDays] = useState<Days>(30);
  const { data } = useQuery(packageUsageQuery(name, days));
  if (!data || (days === 30 && data.every(({ requests }) => requests === 0))) return null;
  return (
    <Panel>
      <UsageChart
        title={`Requests a ${stepOf(days)}`}
        step={stepOf(days)}
        points={pointsOf(data, days)}
        action={<PeriodChoice value={days} onChange={setDays} periods={[7, 30, 90]} />}
      />
    </Panel>
  );
}
