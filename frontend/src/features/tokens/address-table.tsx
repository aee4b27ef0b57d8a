import { cell, row } from "../../components/page";
import { TableHead } from "../../components/table";
import { Time } from "../../components/time";
import { number } from "../../lib/time";
import { From } from "../downloads/downloads";
import type { Secret } from "./queries";

/** Where a secret was used from, the last use first. */
export function AddressTable({ addresses }: { addresses: Secret["addresses"] }) {
  return (
    <div className="relative mt-2 overflow-x-auto">
      <table className="w-full border-collapse">
        <TableHead titles={["From", "Requests", "Refused", "First", "Last"]} />
        <tbody>
          {addresses.map((use) => (
            <tr key={`${use.address} ${use.client}`} className={row}>
              <th scope="row" className={`${cell} font-normal`}>
                <From address={use.address} client={use.client} />
              </th>
              <td className={cell}>{number(use.requests)}</td>
              <td className={cell}>{number(use.refused)}</td>
              <td className={`${cell} whitespace-nowrap`}>
                <Time at={use.firstAt} />
              </td>
              <td className={`${cell} whitespace-nowrap`}>
                <Time at={use.lastAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
