import { Badge, type Tone } from "../../components/badge";

type Decided = { withheld?: string | null; heldUntil?: string | null; changed?: object | null };

/** How a version stands, in a word. */
export function stateOf({ withheld, heldUntil, changed }: Decided): [Tone, string] {
  if (!withheld) return ["good", "Offered"];
  if (withheld.startsWith("Blocked")) return ["danger", "Blocked"];
  if (heldUntil) return ["warn", "Held back"];
  return changed ? ["warn", "Changed"] : ["warn", "Not offered"];
}

/** The same as a badge, with the reason as its title. */
export function VersionState({ version }: { version: Decided }) {
  const [tone, word] = stateOf(version);
  return (
    <Badge tone={tone} title={version.withheld ?? undefined}>
      {word}
    </Badge>
  );
}
