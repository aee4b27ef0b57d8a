import { Panel } from "../../components/panel";
import { bytes, number } from "../../lib/time";
import type { Usage } from "./queries";

/** A part of a whole: "12%"; "less than 1%" for a little. */
export function share(part: number, whole: number): string {
  if (whole === 0 || part === 0) return "0%";
  const percent = (part / whole) * 100;
  return percent < 1 ? "less than 1%" : `${Math.round(percent)}%`;
}

/** The sums of a period. */
export function UsageCards({ usage }: { usage: Usage }) {
  const asked = usage.metadata + usage.notModified;
  return (
    <dl className="grid gap-4 sm:grid-cols-2 xl:grid-cols-4">
      <Card
        name="Requests"
        value={number(usage.requests)}
        note={`${share(usage.refused, usage.requests)} of them refused`}
      />
      <Card
        name="Downloads"
        value={number(usage.downloads)}
        note={`${number(usage.installs)} installs, Composer's own cache included`}
      />
      <Card name="Sent" value={bytes(usage.bytes)} />
      <Card
        name="Not modified"
        value={share(usage.notModified, asked)}
        note={`of ${number(asked)} requests for metadata: 304, which is free`}
      />
    </dl>
  );
}

function Card({ name, value, note }: { name: string; value: string; note?: string }) {
  return (
    <div className="rounded-lg border border-line bg-panel p-5">
      <dt className="text-muted">{name}</dt>
      <dd className="font-semibold text-2xl">{value}</dd>
      {note && <dd className="text-[13px] text-muted">{note}</dd>}
    </div>
  );
}

const reasons: Record<keyof Usage["refusals"], string> = {
  limit: "Over the rate limit",
  package: "Package outside the token's patterns",
  permission: "Permission too small",
  network: "Address outside the token's networks",
  ended: "Expired, revoked, disabled or replaced",
};

/** Refused requests by their reason. */
export function RefusedPanel({ usage }: { usage: Usage }) {
  return (
    <Panel title={`${number(usage.refused)} refused`}>
      <dl className="grid gap-2">
        {Object.entries(reasons).map(([reason, words]) => (
          <div key={reason} className="flex justify-between gap-4">
            <dt className="text-muted">{words}</dt>
            <dd>{number(usage.refusals[reason as keyof Usage["refusals"]])}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}
