import { Meter } from "@base-ui/react/meter";
import { Time } from "../../components/time";
import { number } from "../../lib/time";
import type { FullToken } from "./queries";

/** How full the hour's count is: plain, from 80 % on a warning, at 100 % spent. */
export function usedUp(used: number, limit: number): "plain" | "warn" | "danger" {
  return used >= limit ? "danger" : used >= limit * 0.8 ? "warn" : "plain";
}

const colours = { plain: "bg-accent", warn: "bg-warn", danger: "bg-danger" };
const words = { plain: "", warn: "Nearly used up.", danger: "Used up." };

/** What of the hour's requests is used. */
export function RateMeter({ status, now = new Date() }: { status: FullToken["rateLimitStatus"]; now?: Date }) {
  const { limit, remaining, resetAt } = status;
  if (limit === 0) return <p>No limit.</p>;
  const used = limit - remaining;
  const how = usedUp(used, limit);
  const soon = new Date(resetAt).getTime() - now.getTime() < 60_000;
  const text = `${number(used)} of ${number(limit)} requests this hour`;
  return (
    <Meter.Root value={used} max={limit} getAriaValueText={() => text} className="grid gap-1.5">
      <Meter.Label className="sr-only">Requests this hour</Meter.Label>
      <span>{text}</span>
      <Meter.Track className="block h-2 overflow-hidden rounded bg-soft">
        <Meter.Indicator className={`block h-full rounded ${colours[how]}`} />
      </Meter.Track>
      <span className={`text-[13px] ${how === "danger" ? "text-danger" : how === "warn" ? "text-warn" : "text-muted"}`}>
        {used === 0 ? (
          "Nothing is used."
        ) : (
          <>
            {words[how]} Resets {soon ? "within a minute" : <Time at={resetAt} now={now} />}.
          </>
        )}
      </span>
    </Meter.Root>
  );
}
