import { day } from "./time";

/** What was counted from an instant on. */
export type Point = { at: string; requests: number; downloads: number; refused: number };

/** Sums up points that begin in the same step of so many days, counted back from the last one's day. */
export function perDays(points: readonly Point[], days: number): Point[] {
  const last = points.at(-1);
  if (!last) return [];
  const end = Math.floor(Date.parse(last.at) / day);
  const sums = new Map<number, Point>();
  for (const point of points) {
    const steps = Math.floor((end - Math.floor(Date.parse(point.at) / day)) / days);
    const first = end - (steps + 1) * days + 1;
    const sum = sums.get(first) ?? { at: new Date(first * day).toISOString(), requests: 0, downloads: 0, refused: 0 };
    sums.set(first, {
      at: sum.at,
      requests: sum.requests + point.requests,
      downloads: sum.downloads + point.downloads,
      refused: sum.refused + point.refused,
    });
  }
  return [...sums.values()];
}

/** The least round number, 1, 2 or 5 with zeros, that is not below n: the top of a scale. */
export function roundUp(n: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(n, 1)));
  return ([1, 2, 5, 10].find((factor) => factor * power >= n) ?? 10) * power;
}
