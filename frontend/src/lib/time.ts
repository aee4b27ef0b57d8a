const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 365 * 86_400],
  ["month", 30 * 86_400],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

const relativeFormat = new Intl.RelativeTimeFormat("en");
const dayFormat = new Intl.RelativeTimeFormat("en", { numeric: "auto" }); // yesterday, tomorrow
const absoluteFormat = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });

/** "3 days ago", "in 2 hours"; "just now" within a minute. */
export function relative(at: string | Date, now = new Date()): string {
  const seconds = (new Date(at).getTime() - now.getTime()) / 1000;
  for (const [unit, length] of units) {
    if (Math.abs(seconds) < length) continue;
    return (unit === "day" ? dayFormat : relativeFormat).format(Math.trunc(seconds / length), unit);
  }
  return "just now";
}

/** The instant with its zone: "Feb 21, 2027, 11:59 PM UTC". */
export function absolute(at: string | Date): string {
  return `${absoluteFormat.format(new Date(at))} UTC`;
}

const localFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

/** The instant as its reader writes times, in their zone, and in UTC: for who holds the pointer over it. */
export function everywhere(at: string | Date): string {
  return `${localFormat.format(new Date(at))} (${absolute(at)})`;
}

export const day = 86_400_000;

/** Whole days from now until an instant; negative when it has passed. */
export function daysUntil(at: string | Date, now = new Date()): number {
  return Math.floor((new Date(at).getTime() - now.getTime()) / day);
}

/** The last second, in UTC, of the day that many days from now. */
export function endOfDay(days: number, now = new Date()): Date {
  const at = new Date(now.getTime() + days * day);
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate(), 23, 59, 59));
}

const monthDay = new Intl.DateTimeFormat("en", { month: "short", day: "numeric", timeZone: "UTC" });

/** The day of an instant in UTC: "Feb 21". */
export function dayOf(at: string | Date): string {
  return monthDay.format(new Date(at));
}

const numberFormat = new Intl.NumberFormat("en");
const compactFormat = new Intl.NumberFormat("en", { notation: "compact" });

/** A number for a narrow place: "2K". */
export function compact(n: number): string {
  return compactFormat.format(n);
}

export function count(n: number, one: string, other = `${one}s`): string {
  return `${numberFormat.format(n)} ${n === 1 ? one : other}`;
}

export function number(n: number): string {
  return numberFormat.format(n);
}

export function bytes(n: number): string {
  const names = ["bytes", "KB", "MB", "GB", "TB"];
  let i = 0;
  while (n >= 1000 && i < names.length - 1) {
    n /= 1000;
    i++;
  }
  return `${i === 0 ? n : n.toFixed(1)} ${names[i]}`;
}
