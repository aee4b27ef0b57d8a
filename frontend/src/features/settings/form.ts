import type { UpdateSettingsInput } from "../../gql/graphql";
import type { Settings } from "./queries";

/** The fields of a form as they are typed: numbers are texts, and an empty one is none. */
export type Typed<K extends keyof Settings> = { [Field in K]: Settings[Field] extends boolean ? boolean : string };

/** The settings of a form, as they are typed; 0 is shown as nothing, for "none" and "for ever". */
export function typedOf<K extends keyof Settings>(settings: Settings, fields: readonly K[]): Typed<K> {
  const typed = fields.map((field) => {
    const value = settings[field];
    return [field, typeof value === "boolean" ? value : value ? String(value) : ""];
  });
  return Object.fromEntries(typed);
}

/** What is wrong with the numbers of a form, by field. */
export function check(typed: Record<string, string | boolean>): Record<string, string> {
  const wrong = Object.entries(typed).filter(
    ([field, value]) => typeof value === "string" && field !== "leakAction" && !/^[\d\s,]*$/.test(value),
  );
  return Object.fromEntries(wrong.map(([field]) => [field, "Enter a whole number, or leave it empty."]));
}

/** What of a form differs from the settings, as the API takes it: an empty number is 0. */
export function inputOf<K extends keyof Settings>(settings: Settings, typed: Typed<K>): UpdateSettingsInput {
  const before = typedOf(settings, Object.keys(typed) as K[]);
  const differs = (Object.keys(typed) as K[]).filter((field) => typed[field] !== before[field]);
  return Object.fromEntries(differs.map((field) => [field, sent(field, typed[field])]));
}

function sent(field: keyof Settings, typed: string | boolean): string | boolean | number {
  if (typeof typed === "boolean" || field === "leakAction") return typed;
  return Number(typed.replaceAll(/[\s,]/g, ""));
}
