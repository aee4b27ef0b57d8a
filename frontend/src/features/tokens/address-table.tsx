import { cell, row } from "../../components/page";
import { TableHead } from "../../components/table";
import { Time } from "../../components/time";
import { number } from "../../lib/time";
import { From } from "../downloads/downloads";
import type { Secret } from "./queries";

/** Where a secret was used from, the last use first. */
export function AddressTable({ addresses }: { addresses: Secret["addresses"] }) {
  return (
    <table className="mt-2 w-full border-collapse">
      <TableHead titles={["From", "Requests", "Refused", "First", "Last"]} cards />
      <tbody>
        {addresses.map((use) => (
          <tr key={`${use.address} ${use.client}`} className={`${row} max-sm:block max-sm:pb-2`}>
            <th scope="row" className={`${cell} font-normal max-sm:block`}>
              <From address={use.address} client={use.client} />
            </th>
            <td className={`${cell} max-sm:hidden`}>{number(use.requests)}</td>
            <td className={`${cell} max-sm:hidden`}>{number(use.refused)}</td>
            <td className={`${cell} whitespace-nowrap max-sm:hidden`}>
              <Time at={use.firstAt} />
            </td>
            <td className={`${cell} whitespace-nowrap max-sm:inline-block max-sm:py-1`}>
              <Time at={use.lastAt} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
