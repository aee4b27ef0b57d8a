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
    <div className="grid gap-1.5">
      <span>{text}</span>
      {/* biome-ignore lint/a11y/useSemanticElements: how a browser draws its own meter cannot be decided alike everywhere */}
      <div
        role="meter"
        aria-label="Requests this hour"
        aria-valuemin={0}
        aria-valuenow={used}
        aria-valuemax={limit}
        aria-valuetext={text}
        className="h-2 overflow-hidden rounded bg-soft"
      >
        <div className={`h-full rounded ${colours[how]}`} style={{ width: `${(100 * used) / limit}%` }} />
      </div>
      <span className={`text-[13px] ${how === "danger" ? "text-danger" : how === "warn" ? "text-warn" : "text-muted"}`}>
        {used === 0 ? (
          "Nothing is used."
        ) : (
          <>
            {words[how]} Resets {soon ? "within a minute" : <Time at={resetAt} now={now} />}.
          </>
        )}
      </span>
    </div>
  );
}
