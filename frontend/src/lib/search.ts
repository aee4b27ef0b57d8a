/** The one of these that a value is; undefined where it is none. */
export const oneOf = <T>(value: unknown, all: readonly T[]): T | undefined => all.find((one) => one === value);

/** A text of an address, bounded; undefined where it is blank or none: the server refuses a filter that says nothing. */
export const text = (value: unknown): string | undefined =>
  typeof value === "number"
    ? String(value)
    : typeof value === "string" && value.trim()
      ? value.slice(0, 200)
      : undefined;

/** A value of an address: JSON, but for numbers that would be written otherwise: 1.0 is a version, and no 1. */
export function parseValue(value: string): unknown {
  const parsed: unknown = JSON.parse(value);
  if (typeof parsed === "number" && String(parsed) !== value) throw new SyntaxError(`${value} is a text`);
  return parsed;
}

/** A day, such as 2026-11-25; undefined where it is none. */
export const date = (value: unknown): string | undefined =>
  typeof value === "string" && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined;

/** What is there of a search: defaults are left out of an address. */
export function present<T extends object>(search: T): T {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as T;
}

/** The address of a file that the server makes, narrowed by what is there of the query. */
export function fileUrl(path: string, query: Record<string, string | null | undefined>): string {
  const there = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return there.length > 0 ? `${path}?${new URLSearchParams(there)}` : path;
}
