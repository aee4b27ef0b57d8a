import type { PackageRuleInput } from "../../gql/graphql";
import { beginsDay, type Rule } from "./rule-words";

/** A rule as the form holds it; key tells it from the others while rules come and go. */
export type RuleRow = {
  key: number;
  pattern: string;
  versions: string;
  /** A day, in UTC. */
  before: string;
  stability: string;
  /** The instant on that day, where it is not the day's beginning. */
  exact?: string;
};

/** How many rules a token may have. */
export const rulesMost = 100;

/** How many characters a constraint may have. */
export const constraintMost = 500;

/** The fields of a rule as the API calls them. */
export const ruleFields = ["pattern", "versions", "releasedBefore", "minimumStability"] as const;

/** The minimum stabilities that leave something out. */
export const stabilities = { stable: "Stable", RC: "RC", beta: "Beta", alpha: "Alpha" };

/** What a field of a rule is called among the errors of the form, as the server does. */
export const ruleField = (index: number, field: (typeof ruleFields)[number]): string =>
  `packageRules.${index}.${field}`;

const lastDay = "9999-12-31";
const part = "[a-z0-9*](?:[a-z0-9_.*-]*[a-z0-9*])?";
const aPattern = new RegExp(`^(?:\\*|${part}/${part})$`);

export function rowOf(rule: Rule, key: number): RuleRow {
  const before = rule.releasedBefore ? new Date(rule.releasedBefore).toISOString() : "";
  return {
    key,
    pattern: rule.pattern,
    versions: rule.versions ?? "",
    before: before.slice(0, 10),
    stability: rule.minimumStability ?? "",
    ...(before && !beginsDay(before) ? { exact: before } : {}),
  };
}

/** A rule of which nothing is said yet but, perhaps, its pattern; beside these. */
export function newRow(rows: readonly RuleRow[], pattern = ""): RuleRow {
  return { key: 1 + Math.max(-1, ...rows.map(({ key }) => key)), pattern, versions: "", before: "", stability: "" };
}

/** The rule that a row says. The instant of a day that nobody has changed stays. */
export function ruleOf({ pattern, versions, before, stability, exact }: RuleRow): PackageRuleInput {
  return {
    pattern: pattern.trim(),
    ...(versions.trim() ? { versions: versions.trim() } : {}),
    ...(before ? { releasedBefore: exact?.startsWith(before) ? exact : `${before}T00:00:00Z` } : {}),
    ...(stability ? { minimumStability: stability } : {}),
  };
}

/** What can be told to be wrong of rules without the server, by field. */
export function checkRules(rows: readonly RuleRow[]): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const [index, row] of rows.entries()) {
    const { pattern, versions, releasedBefore, minimumStability } = ruleOf(row);
    if (!aPattern.test(pattern))
      errors[ruleField(index, "pattern")] = "Use *, vendor/*, vendor/name or vendor/prefix-*, in lower case.";
    if (row.before > lastDay || row.before.length > lastDay.length)
      errors[ruleField(index, "releasedBefore")] = "Pick a day before the year 10000.";
    if (!versions && !releasedBefore && !minimumStability)
      errors[ruleField(index, "versions")] = "Give versions, a day or a stability, or remove the rule.";
  }
  return errors;
}
