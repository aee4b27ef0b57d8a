import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { cell, row, TableBox } from "../../components/page";
import { Part } from "../../components/panel";
import { CardCell, TableHead } from "../../components/table";
import { Time } from "../../components/time";
import { Button } from "../../components/ui/button";
import { number } from "../../lib/time";
import type { Version } from "./queries";
import { VersionState } from "./state";
import { whoId } from "./who";

/** How many versions are shown before somebody asks for all. */
const few = 50;

/** The versions of a package, the highest first, each with a link to who downloaded it. */
export function Versions({ versions, total }: { versions: readonly Version[]; total: number }) {
  const [all, setAll] = useState(false);
  return (
    <Part title="Versions">
      <TableBox>
        <table className="w-full border-collapse">
          <TableHead titles={["Version", "State", "Released", "Downloads"]} cards />
          <tbody>
            {versions.slice(0, all ? versions.length : few).map((one) => (
              <tr key={one.id} className={`${row} max-sm:block max-sm:py-1.5`}>
                <th scope="row" className={`${cell} font-normal max-sm:block max-sm:py-1`}>
                  <code className="wrap-words">{one.version}</code>
                </th>
                <CardCell>
                  <VersionState version={one} />
                </CardCell>
                <CardCell label={one.releasedAt ? "Released" : undefined} className="whitespace-nowrap">
                  {one.releasedAt && <Time at={one.releasedAt} />}
                </CardCell>
                <CardCell label="Downloads">
                  <Who version={one} />
                </CardCell>
              </tr>
            ))}
          </tbody>
        </table>
      </TableBox>
      {versions.length > few && (
        <Button className="w-fit" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? `Show the ${few} highest` : `Show all ${number(versions.length)}`}
        </Button>
      )}
      {all && total > versions.length && (
        <p className="text-muted">
          The {number(versions.length)} highest of {number(total)} versions are shown.
        </p>
      )}
    </Part>
  );
}

function Who({ version: { version, downloads } }: { version: Version }) {
  if (downloads === 0) return <span className="text-muted">0</span>;
  return (
    <Link
      from="/packages/$vendor/$name"
      search={(now) => ({ ...now, who: version })}
      hash={whoId}
      aria-label={`${number(downloads)}: who downloaded ${version}`}
      className="text-accent underline"
    >
      {number(downloads)}
    </Link>
  );
}
