import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Panel } from "../../components/panel";
import { UsageChart } from "../../components/usage-chart";
import { type Days, pointsOf, stepOf } from "../usage/period";
import { PeriodChoice } from "../usage/period-choice";
import { packageUsageQuery } from "./queries";

/** How often a package was downloaded, day by day; nothing of one that nobody ever asked for. */
export function PackageUsage({ name, downloads }: { name: string; downloads: number }) {
  const [days, setDays] = useState<Days>(30);
  const { data } = useQuery(packageUsageQuery(name, days));
  if (!data || (downloads === 0 && data.every(({ requests }) => requests === 0))) return null;
  return (
    <Panel>
      <UsageChart
        title={`Downloads a ${stepOf(days)}`}
        of="download"
        step={stepOf(days)}
        points={pointsOf(data, days)}
        action={<PeriodChoice value={days} onChange={setDays} periods={[7, 30, 90, 365]} />}
      />
    </Panel>
  );
}
