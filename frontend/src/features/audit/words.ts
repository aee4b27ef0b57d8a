import { number } from "../../lib/time";
import { type Rule, ruleSentence } from "../tokens/rule-words";

/** What was done, in words, by kind. What is not here is shown as the server calls it. */
export const kinds: Record<string, { name: string; actions: Record<string, string> }> = {
  token: {
    name: "Tokens",
    actions: {
      "token.create": "Token created",
      "token.update": "Token changed",
      "token.rotate": "Token rotated",
      "token.rotation_end": "Rotation ended",
      "token.rotation_cancel": "Rotation taken back",
      "token.disable": "Token disabled",
      "token.enable": "Token enabled",
      "token.revoke": "Token revoked",
      "token.release": "Token released from its maker",
      "token.claim": "Token claimed",
      "token.claim_renew": "Claim link made anew",
      "token.leak": "Token found in a public place",
    },
  },
  request: { name: "Requests", actions: { "request.refuse": "Request refused" } },
  repository: {
    name: "Repositories",
    actions: {
      "repository.create": "Repository added",
      "repository.update": "Repository changed",
      "repository.delete": "Repository removed",
      "repository.sync": "Sync started",
      "repository.cancel_sync": "Sync canceled",
      "repository.confirm_removals": "Removals confirmed",
      "repository.webhook_secret": "Webhook secret made",
      "repository.webhook_remove": "Webhook secret removed",
      "organization.add": "Organization added",
      "organization.update": "Organization changed",
      "organization.remove": "Organization removed",
      "organization.sync": "Organization looked through",
      "organization.webhook_secret": "Webhook secret made",
      "organization.webhook_remove": "Webhook secret removed",
      "version.upload": "Version uploaded",
      "claim.release": "Names released",
    },
  },
  version: {
    name: "Versions",
    actions: {
      "version.change": "Version changed upstream",
      "version.accept": "Change accepted",
      "version.reject": "Change rejected",
      "version.release": "Version released",
      "version.block": "Versions blocked",
      "version.unblock": "Versions unblocked",
    },
  },
  advisory: {
    name: "Advisories",
    actions: {
      "advisory.create": "Advisory written",
      "advisory.update": "Advisory changed",
      "advisory.remove": "Advisory removed",
    },
  },
  user: {
    name: "People",
    actions: {
      "user.create": "User created",
      "user.sign_in": "Signed in",
      "user.sign_in_fail": "Sign-in refused",
      "user.sign_out": "Signed out",
      "user.invite": "Person invited",
      "user.invite_renew": "Invitation made anew",
      "user.invite_accept": "Invitation accepted",
      "user.invite_cancel": "Invitation taken back",
      "user.update": "User changed",
      "user.remove": "User removed",
      "user.password": "Password changed",
      "user.password_reset": "Password and second factor reset",
      "user.session_end": "Session ended",
      "user.sessions_end": "Sessions ended",
      "user.totp_start": "Second factor begun",
      "user.totp_enable": "Second factor switched on",
      "user.totp_disable": "Second factor switched off",
      "user.recovery_codes": "Recovery codes made anew",
      "user.recovery_code_use": "Recovery code used",
      "passkey.create": "Passkey made",
      "passkey.remove": "Passkey removed",
      "identity.link": "Sign-in service linked",
      "identity.unlink": "Sign-in service no longer linked",
      "user.notices": "Notices by mail chosen",
    },
  },
  notice_endpoint: {
    name: "Notices",
    actions: {
      "notice_endpoint.create": "Endpoint added",
      "notice_endpoint.update": "Endpoint changed",
      "notice_endpoint.rotate": "Endpoint's secret made anew",
      "notice_endpoint.test": "Endpoint tested",
      "notice_endpoint.resend": "Notice sent again",
      "notice_endpoint.disable": "Endpoint disabled",
      "notice_endpoint.remove": "Endpoint removed",
    },
  },
  settings: { name: "Settings", actions: { "settings.update": "Settings changed" } },
  audit: { name: "Audit", actions: { "audit.prune": "Old events removed" } },
};

const actionNames = Object.assign({}, ...Object.values(kinds).map(({ actions }) => actions)) as Record<string, string>;

export const actionName = (action: string): string => actionNames[action] ?? action;

/** One thing that an event tells: before is there where it was another. */
export type Detail = { name: string; before?: string; value: string };

/** What an event tells, for people: "rateLimit": {"from": 1000, "to": 50} is Rate limit, 1,000, 50. */
export function detailsOf(json: string): Detail[] {
  let all: unknown;
  try {
    all = JSON.parse(json);
  } catch {
    return [{ name: "Details", value: json }];
  }
  if (typeof all !== "object" || all === null) return [];
  return Object.entries(all).map(([key, value]) => {
    const name = nameOf(key);
    const say = key === "packageRules" ? rules : words;
    if (isChange(value)) return { name, before: say(value.from), value: say(value.to) };
    return { name, value: say(value) };
  });
}

/** What names the object of an event, if anything does. */
export function objectName(json: string): string | undefined {
  try {
    const all = JSON.parse(json) as Record<string, unknown>;
    const name = [all.description, all.name, all.email].find((one) => typeof one === "string" && one);
    return name as string | undefined;
  } catch {
    return undefined;
  }
}

/** Whether what an event tells is an instant. */
export const isInstant = (value: string): boolean => /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value);

const isChange = (value: unknown): value is { from: unknown; to: unknown } =>
  typeof value === "object" && value !== null && "from" in value && "to" in value;

/** rateLimit and rate_limit are "Rate limit". */
function nameOf(key: string): string {
  const spaced = key
    .replaceAll("_", " ")
    .replaceAll(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** Package rules in sentences. */
const rules = (value: unknown): string =>
  Array.isArray(value) && value.length > 0 ? value.map((rule: Rule) => ruleSentence(rule)).join(" ") : "none";

function words(value: unknown): string {
  if (value === null || value === undefined || value === "") return "none";
  if (typeof value === "number") return number(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(words).join(", ");
  return Object.entries(value)
    .map(([key, one]) => `${key}: ${words(one)}`)
    .join(", ");
}
