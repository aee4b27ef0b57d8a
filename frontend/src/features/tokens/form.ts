import type { CreateTokenInput, UpdateTokenInput } from "../../gql/graphql";
import { endOfDay } from "../../lib/time";
import type { Token } from "./queries";

export type ExpiryChoice = "7" | "30" | "90" | "365" | "date" | "never" | "keep";

/** What the form holds, as it is typed. */
export type TokenForm = {
  description: string;
  permission: "READ_ONLY" | "WRITE";
  expiry: ExpiryChoice;
  date: string;
  restricted: boolean;
  packages: string;
  limited: boolean;
  rateLimit: string;
  networks: string;
};

/** Safe to begin with: read-only, 90 days, limited. */
export function emptyForm(description = "", defaultRateLimit = 1000): TokenForm {
  return {
    description,
    permission: "READ_ONLY",
    expiry: "90",
    date: "",
    restricted: false,
    packages: "",
    limited: true,
    rateLimit: String(defaultRateLimit || 1000),
    networks: "",
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
    limited: token.rateLimit > 0,
    rateLimit: String(token.rateLimit || 1000),
    networks: token.networks.join("\n"),
  };
}

/** The words of a text, whether they stand on lines or between commas. */
export function words(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}

/** When the token would end; null for never. */
export function expiresAt(form: TokenForm, now = new Date()): Date | null {
  if (form.expiry === "never") return null;
  if (form.expiry === "date") return form.date ? new Date(`${form.date}T23:59:59Z`) : null;
  return endOfDay(Number(form.expiry), now);
}

/** The fields of the API that the form shows, and so can show an error of. */
export function shownFields(form: TokenForm): string[] {
  const always = ["description", "expiresAt", "networks"];
  return [...always, ...(form.restricted ? ["packages"] : []), ...(form.limited ? ["rateLimit"] : [])];
}

/** What the form itself can tell is wrong, by field of the API. */
export function check(form: TokenForm, now = new Date()): Record<string, string> {
  const errors: Record<string, string> = {};
  if (!form.description.trim()) errors.description = "Say where this token will be used.";
  if (form.restricted && words(form.packages).length === 0) errors.packages = "Name a package pattern, such as acme/*.";
  if (form.limited && !(/^[1-9]\d*$/.test(form.rateLimit) && Number(form.rateLimit) <= 10_000_000))
    errors.rateLimit = "Enter 1 to 10,000,000 requests an hour.";
  if (form.expiry === "date" && !(new Date(`${form.date}T23:59:59Z`) > now))
    errors.expiresAt = "Pick a date in the future.";
  return errors;
}

export function createInput(form: TokenForm, now = new Date()): CreateTokenInput {
  return {
    description: form.description,
    permission: form.permission,
    packages: form.restricted ? words(form.packages) : [],
    networks: words(form.networks),
    rateLimit: form.limited ? Number(form.rateLimit) : 0,
    expiresAt: expiresAt(form, now)?.toISOString(),
  };
}

export function updateInput(form: TokenForm, now = new Date()): UpdateTokenInput {
  return {
    description: form.description,
    packages: form.restricted ? words(form.packages) : [],
    networks: words(form.networks),
    rateLimit: form.limited ? Number(form.rateLimit) : 0,
    ...(form.expiry === "keep"
      ? {}
      : form.expiry === "never"
        ? { clearExpiresAt: true }
        : { expiresAt: expiresAt(form, now)?.toISOString() }),
  };
}
