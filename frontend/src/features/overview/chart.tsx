import { number } from "../../lib/time";

export type Point = { at: string; requests: number; downloads: number; refused: number };

const dayFormat = new Intl.DateTimeFormat("en", { month: "short", day: "numeric", timeZone: "UTC" });

/** Requests a day as bars, with a table that says the same. */
export function UsageChart({ points }: { points: Point[] }) {
  const highest = Math.max(...points.map((p) => p.requests), 1);
  const width = 100 / points.length;
  const total = points.reduce((sum, p) => sum + p.requests, 0);
  return (
    <figure className="grid gap-3">
      <figcaption className="font-semibold text-base">Requests in the last 30 days</figcaption>
      <svg
        role="img"
        aria-label={`${number(total)} requests in the last 30 days, at most ${number(highest)} a day.`}
        viewBox="0 0 100 30"
        preserveAspectRatio="none"
        className="h-36 w-full"
      >
        <line x1="0" x2="100" y1="29.9" y2="29.9" className="stroke-line" strokeWidth="0.2" />
        {points.map((p, i) => {
          const height = (p.requests / highest) * 29;
          return (
            <rect
              key={p.at}
              x={i * width + width * 0.15}
              y={30 - height}
              width={width * 0.7}
              height={height}
              className="fill-accent"
            >
              <title>{`${dayFormat.format(new Date(p.at))}: ${number(p.requests)} requests, ${number(p.refused)} refused`}</title>
            </rect>
          );
        })}
      </svg>
      <details>
        <summary className="w-fit text-[13px] text-muted">Show table</summary>
        <table className="mt-2 w-full max-w-md">
          <thead>
            <tr className="text-left">
              {["Day", "Requests", "Downloads", "Refused"].map((title) => (
                <th key={title} scope="col" className="font-medium">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {points.map((p) => (
              <tr key={p.at}>
                <td>{dayFormat.format(new Date(p.at))}</td>
                <td>{number(p.requests)}</td>
                <td>{number(p.downloads)}</td>
                <td>{number(p.refused)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}
