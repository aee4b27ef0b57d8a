import { Link } from "@tanstack/react-router";
import { cell, row, TableBox } from "../../components/page";
import { Part } from "../../components/panel";
import { TableHead } from "../../components/table";
import { Time } from "../../components/time";
import { number } from "../../lib/time";
import type { Version } from "./queries";
import { VersionState } from "./state";
import { whoId } from "./who";

/** The highest versions of a package, each with a link to who downloaded it. */
export function Versions({ versions, total }: { versions: readonly Version[]; total: number }) {
  return (
    <Part title="Versions">
      <TableBox>
        <table className="w-full border-collapse">
          <TableHead titles={["Version", "State", "Released", "Downloads"]} />
          <tbody>
            {versions.map((one) => (
              <tr key={one.id} className={row}>
                <th scope="row" className={`${cell} font-normal`}>
                  <code className="wrap-words">{one.version}</code>
                </th>
                <td className={cell}>
                  <VersionState version={one} />
                </td>
                <td className={`${cell} whitespace-nowrap`}>{one.releasedAt && <Time at={one.releasedAt} />}</td>
                <td className={cell}>
                  <Who version={one} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableBox>
      {total > versions.length && (
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
