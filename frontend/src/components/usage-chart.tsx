import { type ReactNode, useState } from "react";
import { type Point, roundUp } from "../lib/series";
import { compact, count, dayOf, number } from "../lib/time";
import { Bars } from "./bars";

type Props = {
  title: string;
  points: readonly Point[];
  step?: "day" | "week";
  /** What the bars are of: requests, answered and refused, or downloads alone. */
  of?: "request" | "download";
  action?: ReactNode;
};

/** What was counted a day or a week as bars, with a table that says all of it. */
export function UsageChart({ title, points: counted, step = "day", of = "request", action }: Props) {
  const requests = of === "request";
  const points = requests ? counted : counted.map((p) => ({ ...p, requests: p.downloads, refused: 0 }));
  const [at, setAt] = useState<number | null>(null);
  const chosen = Math.min(at ?? points.length - 1, points.length - 1);
  const top = roundUp(Math.max(...points.map((p) => p.requests), 1));
  const total = points.reduce((sum, p) => sum + p.requests, 0);
  const name = (point: Point) => (step === "week" ? `Week of ${dayOf(point.at)}` : dayOf(point.at));
  const point = points[chosen];
  if (!point) return null;
  const downloads = count(point.downloads, "download");
  const says = `${name(point)}: ${requests ? `${count(point.requests, "request")}, ${number(point.refused)} refused, ` : ""}${downloads}`;
  return (
    <figure className="grid min-w-0 gap-3">
      <figcaption className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <span className="flex flex-wrap items-center gap-x-4 gap-y-1">
          <span className="font-semibold text-base">{title}</span>
          {requests && <Key className="bg-accent">Answered</Key>}
          {requests && <Key className="bg-danger">Refused</Key>}
        </span>
        {action}
      </figcaption>
      <div className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-2 text-[13px] text-muted">
        <Scale top={top} />
        <div className="relative h-44 border-line border-y has-focus-visible:outline-2 has-focus-visible:outline-accent has-focus-visible:outline-offset-2">
          <div className="absolute inset-x-0 top-1/2 border-line border-t" />
          <Bars
            points={points}
            top={top}
            chosen={at === null ? -1 : chosen}
            onPoint={setAt}
            label={`${count(total, of)}, at most ${number(Math.max(...points.map((p) => p.requests)))} a ${step}.`}
          />
          <input
            type="range"
            className="sr-only"
            aria-label={`${title}: choose a ${step}`}
            aria-valuetext={says}
            min={0}
            max={points.length - 1}
            value={chosen}
            onChange={({ target }) => setAt(Number(target.value))}
          />
        </div>
        <span />
        <Days points={points} />
      </div>
      <p aria-hidden className="text-[13px] text-muted">
        {says}.
      </p>
      <details>
        <summary className="w-fit text-[13px] text-muted">Show table</summary>
        <PointTable points={counted} step={step} name={name} />
      </details>
    </figure>
  );
}

function Key({ className, children }: { className: string; children: string }) {
  return (
    <span className="flex items-center gap-1.5 text-[13px] text-muted">
      <span aria-hidden className={`size-2.5 rounded-sm ${className}`} />
      {children}
    </span>
  );
}

function Scale({ top }: { top: number }) {
  return (
    <span aria-hidden className="-my-2.5 grid min-w-6 content-between justify-items-end">
      {[top, top / 2, 0].map((n) => (
        <span key={n} className={Number.isInteger(n) ? "" : "invisible"}>
          {compact(n)}
        </span>
      ))}
    </span>
  );
}

/** The first day, the last, and up to three between them. */
function Days({ points }: { points: readonly Point[] }) {
  const marks = Math.min(points.length, 5);
  const shown = Array.from(
    { length: marks },
    (_, i) => points[Math.round((i * (points.length - 1)) / Math.max(marks - 1, 1))],
  );
  return (
    <span aria-hidden className="flex justify-between pt-1">
      {shown.map((p, i) => (
        <span key={p?.at} className={i === 1 || i === 3 ? "max-sm:hidden" : ""}>
          {p && dayOf(p.at)}
        </span>
      ))}
    </span>
  );
}

type TableProps = { points: readonly Point[]; step: "day" | "week"; name: (point: Point) => string };

function PointTable({ points, step, name }: TableProps) {
  return (
    <div className="relative mt-2 max-w-lg overflow-x-auto">
      <table className="w-full">
        <thead>
          <tr className="text-left">
            {[step === "week" ? "Week" : "Day", "Requests", "Downloads", "Refused"].map((title) => (
              <th key={title} scope="col" className="font-medium">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {points.map((p) => (
            <tr key={p.at}>
              <th scope="row" className="text-left font-normal">
                {name(p)}
              </th>
              <td>{number(p.requests)}</td>
              <td>{number(p.downloads)}</td>
              <td>{number(p.refused)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
