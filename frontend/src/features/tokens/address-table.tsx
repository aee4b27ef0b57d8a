import { cell, row } from "../../components/page";
import { CardCell, TableHead } from "../../components/table";
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
            <CardCell label="Requests">{number(use.requests)}</CardCell>
            <CardCell label="Refused">{number(use.refused)}</CardCell>
            <CardCell label="First" className="whitespace-nowrap">
              <Time at={use.firstAt} />
            </CardCell>
            <CardCell label="Last" className="whitespace-nowrap">
              <Time at={use.lastAt} />
            </CardCell>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
