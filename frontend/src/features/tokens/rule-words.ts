import { utc } from "../../lib/time";

/** Which versions of some packages a token may have, as the server tells it. */
export type Rule = {
  pattern: string;
  versions?: string | null;
  releasedBefore?: string | null;
  minimumStability?: string | null;
};

/** A rule in a sentence. */
export function ruleSentence({ pattern, versions, releasedBefore, minimumStability }: Rule): string {
  const which = [
    minimumStability && stabilityWords(minimumStability),
    releasedBefore && `were released before ${dayWords(releasedBefore)}`,
  ].filter(Boolean);
  const of = `${versions ? `versions ${versions}` : "versions"} of ${pattern === "*" ? "any package" : pattern}`;
  return `Only ${of}${which.length > 0 ? ` that ${which.join(" and ")}` : ""}.`;
}

function stabilityWords(stability: string): string {
  if (stability === "stable") return "are stable";
  return stability === "dev" ? "have any stability" : `are ${stability} or more stable`;
}

const dayFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });

/** A day where it begins, in UTC; another instant with its time. */
function dayWords(at: string): string {
  const date = new Date(at);
  return beginsDay(date.toISOString()) ? `${dayFormat.format(date)} (UTC)` : utc(date);
}

/** Whether an instant, as ISO text, is the beginning of a day in UTC. */
export const beginsDay = (iso: string) => iso.endsWith("T00:00:00.000Z");
