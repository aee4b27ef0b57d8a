const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 365 * 86_400],
  ["month", 30 * 86_400],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

const relativeFormat = new Intl.RelativeTimeFormat("en");
const dayFormat = new Intl.RelativeTimeFormat("en", { numeric: "auto" }); // yesterday, tomorrow

/** "3 days ago", "in 2 hours"; "just now" within a minute. */
export function relative(at: string | Date, now = new Date()): string {
  const seconds = (new Date(at).getTime() - now.getTime()) / 1000;
  for (const [unit, length] of units) {
    if (Math.abs(seconds) < length) continue;
    return (unit === "day" ? dayFormat : relativeFormat).format(Math.trunc(seconds / length), unit);
  }
  return "just now";
}

const minutes: Intl.DateTimeFormatOptions = {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "numeric",
  minute: "2-digit",
  timeZoneName: "short",
};
const localFormat = new Intl.DateTimeFormat(undefined, minutes);
const utcFormat = new Intl.DateTimeFormat(undefined, { ...minutes, timeZone: "UTC" });

/** The instant as its reader writes times, in their zone: "Feb 22, 2027, 12:59 AM GMT+1". */
export function local(at: string | Date): string {
  return localFormat.format(new Date(at));
}

/** The same in UTC: "Feb 21, 2027, 11:59 PM UTC". */
export function utc(at: string | Date): string {
  return utcFormat.format(new Date(at));
}

/** The instant in the reader's zone and in UTC: for who holds the pointer over it. */
export function everywhere(at: string | Date): string {
  const here = local(at);
  const there = utc(at);
  return here === there ? here : `${here} (${there})`;
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

/** The day that a date of an address or a field begins, where its reader is; days: so many later. */
export function startOfDay(date: string, days = 0): Date {
  const at = new Date(`${date}T00:00:00`);
  at.setDate(at.getDate() + days);
  return at;
}

/** The day that an instant falls on where its reader is, such as 2026-11-25. */
export function dateOf(at: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
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
