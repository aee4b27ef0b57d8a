import type { ReactNode } from "react";
import { bytes, number } from "../../lib/time";
import type { Usage } from "./queries";

const reasons: Record<keyof Usage["refusals"], string> = {
  limit: "over the rate limit",
  package: "outside the token's patterns",
  permission: "permission too small",
  network: "outside the token's networks",
  ended: "expired, revoked, disabled or replaced",
};

/** A part of a whole: "12%"; "less than 1%" for a little. */
export function share(part: number, whole: number): string {
  if (whole === 0 || part === 0) return "0%";
  const percent = (part / whole) * 100;
  return percent < 1 ? "less than 1%" : `${Math.round(percent)}%`;
}

/** The sums of a period. */
export function UsageCards({ usage }: { usage: Usage }) {
  const refusals = Object.entries(reasons).flatMap(([reason, words]) => {
    const n = usage.refusals[reason as keyof Usage["refusals"]];
    return n > 0 ? [`${number(n)} ${words}`] : [];
  });
  return (
    <dl className="grid gap-4 sm:grid-cols-2 xl:grid-cols-5">
      <Card name="Requests" value={number(usage.requests)} />
      <Card
        name="Downloads"
        value={number(usage.downloads)}
        note={`${number(usage.installs)} installs as Composer tells them, its own cache included`}
      />
      <Card name="Sent" value={bytes(usage.bytes)} />
      <Card
        name="Not modified"
        value={share(usage.notModified, usage.metadata + usage.notModified)}
        note={`of ${number(usage.metadata + usage.notModified)} requests for metadata were answered by 304, which is free`}
      />
      <Card
        name="Refused"
        value={number(usage.refused)}
        note={
          refusals.length > 0 && (
            <ul>
              {refusals.map((one) => (
                <li key={one}>{one}</li>
              ))}
            </ul>
          )
        }
      />
    </dl>
  );
}

function Card({ name, value, note }: { name: string; value: string; note?: ReactNode }) {
  return (
    <div className="rounded-lg border border-line bg-panel p-5">
      <dt className="text-muted">{name}</dt>
      <dd className="font-semibold text-2xl">{value}</dd>
      {note && <dd className="text-[13px] text-muted">{note}</dd>}
    </div>
  );
}
