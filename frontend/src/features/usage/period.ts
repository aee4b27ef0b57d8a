import type { UsageRange } from "../../gql/graphql";
import { type Point, perDays } from "../../lib/series";

/** How many days back usage is shown. */
export const periods = [7, 30, 90, 365] as const;
export type Days = (typeof periods)[number];

const ranges: Record<Days, UsageRange> = { 7: "WEEK", 30: "MONTH", 90: "QUARTER", 365: "YEAR" };

export const rangeOf = (days: Days): UsageRange => ranges[days];

/** Reads a number of days from an address; the usual 30 are left out of it. */
export function readDays(value: unknown): Days | undefined {
  return periods.find((one) => one !== 30 && one === Number(value));
}

/** The steps that a period is drawn in: weeks for a year, so that each bar can be seen. */
export const stepOf = (days: Days): "day" | "week" => (days === 365 ? "week" : "day");

/** The points of a period, one a step. A year begins with a whole week: the day before that is left out. */
export function pointsOf(series: readonly Point[], days: Days): Point[] {
  return stepOf(days) === "week" ? perDays(series.slice(series.length % 7), 7) : perDays(series, 1);
}
