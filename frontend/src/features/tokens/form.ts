import type { CreateTokenInput, UpdateTokenInput } from "../../gql/graphql";
import { count, day, endOfDay } from "../../lib/time";
import type { Token } from "./queries";
import { checkRules, type RuleRow, rowOf, ruleField, ruleFields, ruleOf } from "./rules";

/** A number of days, or one of the others. */
export type ExpiryChoice = `${number}` | "date" | "never" | "keep";

/** How long a token lives: what the owner decided for everybody; null where they did not. */
export type Lifetime = { defaultTokenDays?: number | null; maxTokenDays?: number | null };

const usualDays = [7, 30, 90, 365];
const recommendedDays = 90;

/** The numbers of days that are offered, the shortest first, and the one that is chosen to begin with. */
export function dayChoices({ defaultTokenDays, maxTokenDays }: Lifetime): { days: number[]; first: number } {
  const longest = maxTokenDays ?? Number.POSITIVE_INFINITY;
  const own = [defaultTokenDays, maxTokenDays].filter((days) => days != null);
  const days = [...new Set([...usualDays, ...own])].filter((one) => one <= longest).sort((a, b) => a - b);
  return { days, first: defaultTokenDays ?? Math.min(recommendedDays, longest) };
}

/** What the owner allows at most, in words; undefined where there is no bound. */
export function allowedAtMost({ maxTokenDays }: Lifetime): string | undefined {
  return maxTokenDays == null ? undefined : `The owner allows at most ${count(maxTokenDays, "day")}.`;
}

/** The last day that may be picked, such as 2027-05-24; undefined where there is no bound. */
export function lastDay({ maxTokenDays }: Lifetime, now = new Date()): string | undefined {
  return maxTokenDays == null ? undefined : endWithin(maxTokenDays, now).toISOString().slice(0, 10);
}

/** The end of the last whole day, in UTC, that is no further away than so many days. */
function endWithin(days: number, now: Date): Date {
  const end = endOfDay(days, now);
  return end.getTime() > now.getTime() + days * day ? new Date(end.getTime() - day) : end;
}

/** What the form holds, as it is typed. */
export type TokenForm = {
  description: string;
  permission: "READ_ONLY" | "WRITE";
  expiry: ExpiryChoice;
  date: string;
  restricted: boolean;
  packages: string;
  rules: RuleRow[];
  limited: boolean;
  rateLimit: string;
  networks: string;
  /** For a claim link in place of the secret: how many days it works; empty shows the secret. */
  claimDays: "" | `${number}`;
};

/** How many days a claim link may work, of those that are offered. */
export const claimDayChoices = [1, 7, 14, 30];

/** Safe to begin with: read-only, 90 days or what the owner decided, limited. */
export function emptyForm(description = "", defaultRateLimit = 1000, lifetime: Lifetime = {}): TokenForm {
  return {
    description,
    permission: "READ_ONLY",
    expiry: `${dayChoices(lifetime).first}`,
    date: "",
    restricted: false,
    packages: "",
    rules: [],
    limited: true,
    rateLimit: String(defaultRateLimit || 1000),
    networks: "",
    claimDays: "",
  };
}

export function formOf(token: Token): TokenForm {
  return {
    description: token.description,
    permission: token.permission,
    expiry: "keep",
    date: "",
    restricted: token.packages.length > 0,
    packages: token.packages.join("\n"),
    rules: token.packageRules.map(rowOf),
    limited: token.rateLimit > 0,
    rateLimit: String(token.rateLimit || 1000),
    networks: token.networks.join("\n"),
    claimDays: "",
  };
}

/** The words of a text, whether they stand on lines or between commas. */
export function words(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}

/** When the token would end; null for never. The longest lifetime ends within it, not with its last day. */
export function expiresAt(form: TokenForm, now = new Date(), { maxTokenDays }: Lifetime = {}): Date | null {
  if (form.expiry === "never") return null;
  if (form.expiry === "date") return form.date ? new Date(`${form.date}T23:59:59Z`) : null;
  const days = Number(form.expiry);
  return days === maxTokenDays ? endWithin(days, now) : endOfDay(days, now);
}

/** The fields of the API that the form shows, and so can show an error of. */
export function shownFields(form: TokenForm): string[] {
  const always = ["description", "expiresAt", "networks"];
  const rules = form.rules.flatMap((_, index) => ruleFields.map((field) => ruleField(index, field)));
  return [...always, ...rules, ...(form.restricted ? ["packages"] : []), ...(form.limited ? ["rateLimit"] : [])];
}

/** What the form itself can tell is wrong, by field of the API. */
export function check(form: TokenForm, now = new Date(), lifetime: Lifetime = {}): Record<string, string> {
  const errors: Record<string, string> = checkRules(form.rules);
  if (!form.description.trim()) errors.description = "Say where this token will be used.";
  if (form.restricted && words(form.packages).length === 0) errors.packages = "Name a package pattern, such as acme/*.";
  if (form.limited && !(/^[1-9]\d*$/.test(form.rateLimit) && Number(form.rateLimit) <= 10_000_000))
    errors.rateLimit = "Enter 1 to 10,000,000 requests an hour.";
  if (form.expiry === "date" && !(new Date(`${form.date}T23:59:59Z`) > now))
    errors.expiresAt = "Pick a date in the future.";
  const last = lastDay(lifetime, now);
  if (form.expiry === "date" && last && form.date > last) errors.expiresAt = allowedAtMost(lifetime) ?? "";
  return errors;
}

export function createInput(form: TokenForm, now = new Date(), lifetime: Lifetime = {}): CreateTokenInput {
  return {
    description: form.description,
    permission: form.permission,
    packages: form.restricted ? words(form.packages) : [],
    packageRules: form.rules.map(ruleOf),
    networks: words(form.networks),
    rateLimit: form.limited ? Number(form.rateLimit) : 0,
    ...(form.expiry === "never"
      ? { neverExpires: true }
      : { expiresAt: expiresAt(form, now, lifetime)?.toISOString() }),
    ...(form.claimDays ? { claim: true, claimDays: Number(form.claimDays) } : {}),
  };
}

export function updateInput(form: TokenForm, now = new Date(), lifetime: Lifetime = {}): UpdateTokenInput {
  return {
    description: form.description,
    packages: form.restricted ? words(form.packages) : [],
    packageRules: form.rules.map(ruleOf),
    networks: words(form.networks),
    rateLimit: form.limited ? Number(form.rateLimit) : 0,
    ...(form.expiry === "keep"
      ? {}
      : form.expiry === "never"
        ? { clearExpiresAt: true }
        : { expiresAt: expiresAt(form, now, lifetime)?.toISOString() }),
  };
}
