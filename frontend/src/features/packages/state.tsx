import { Badge, type Tone } from "../../components/badge";

type Decided = { withheld?: string | null; heldUntil?: string | null; changed?: object | null };

/** Whether what withholds a version or a package is, first of all, a block. */
export const isBlocked = (withheld?: string | null) => withheld?.startsWith("Blocked") ?? false;

/** How a version stands, in words: all that holds of it, what keeps it longest first. */
export function statesOf({ withheld, heldUntil, changed }: Decided): [Tone, string][] {
  if (!withheld) return [["good", "Offered"]];
  const states: [Tone, string][] = [];
  if (isBlocked(withheld)) states.push(["danger", "Blocked"]);
  if (heldUntil) states.push(["warn", "Held back"]);
  if (changed) states.push(["warn", "Changed"]);
  return states.length > 0 ? states : [["warn", "Not offered"]];
}

/** The same as badges, with the reason as their title. */
export function VersionState({ version }: { version: Decided }) {
  return (
    <span className="inline-flex flex-wrap gap-1">
      {statesOf(version).map(([tone, word]) => (
        <Badge key={word} tone={tone} title={version.withheld ?? undefined}>
          {word}
        </Badge>
      ))}
    </span>
  );
}
