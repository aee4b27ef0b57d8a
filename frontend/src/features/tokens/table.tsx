import type { ReactNode } from "react";
import { Badge } from "../../components/badge";
import { cell, headCell, row } from "../../components/page";
import { Time } from "../../components/time";
import { RowMenu } from "../../components/ui/menu";
import { number } from "../../lib/time";
import { Expiry, LastUsed, Packages } from "./badges";
import type { Token } from "./queries";

type Props = {
  tokens: Token[];
  dimmed: boolean;
  mayManage: boolean;
  onCopyId: (token: Token) => void;
  onEdit: (token: Token) => void;
  onDelete: (token: Token) => void;
  empty: ReactNode;
};

export function TokenTable({ tokens, dimmed, empty, ...actions }: Props) {
  if (tokens.length === 0) return empty;
  return (
    <table className={`w-full border-collapse ${dimmed ? "opacity-60" : ""}`}>
      <thead className="max-sm:sr-only">
        <tr>
          <th scope="col" className={headCell}>
            Description
          </th>
          <th scope="col" className={headCell}>
            Permissions
          </th>
          <th scope="col" className={headCell}>
            Packages
          </th>
          <th scope="col" className={headCell}>
            Limit
          </th>
          <th scope="col" className={headCell}>
            Created
          </th>
          <th scope="col" className={headCell}>
            Last used
          </th>
          <th scope="col" className={headCell}>
            Expires
          </th>
          <th scope="col" className={headCell}>
            <span className="sr-only">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {tokens.map((token) => (
          <TokenTableRow key={token.id} token={token} {...actions} />
        ))}
      </tbody>
    </table>
  );
}

const inCard = "max-sm:inline-block max-sm:py-1";
const wideOnly = "max-lg:hidden";

type RowProps = Omit<Props, "tokens" | "dimmed" | "empty"> & { token: Token };

/** A row; on a small screen a card. */
function TokenTableRow({ token, mayManage, onCopyId, onEdit, onDelete }: RowProps) {
  const live = token.status !== "REVOKED";
  const items = [
    { label: "Copy ID", onSelect: () => onCopyId(token) },
    ...(mayManage && live ? [{ label: "Edit", onSelect: () => onEdit(token) }] : []),
    ...(mayManage && live ? [{ label: "Delete", onSelect: () => onDelete(token), danger: true }] : []),
  ];
  return (
    <tr className={`${row} max-sm:relative max-sm:block max-sm:pr-12 max-sm:pb-2`}>
      <th scope="row" className={`${cell} font-normal max-sm:block`}>
        <span className="grid">
          <span className="font-medium wrap-anywhere">{token.description}</span>
          <code className="text-muted">{token.hint}</code>
        </span>
      </th>
      <td className={`${cell} ${inCard}`}>
        <Badge>{token.permission === "WRITE" ? "Write" : "Read-only"}</Badge>
      </td>
      <td className={`${cell} max-sm:hidden`}>
        <Packages patterns={token.packages} />
      </td>
      <td className={`${cell} ${wideOnly} whitespace-nowrap`}>
        {token.rateLimit === 0 ? <span className="text-muted">None</span> : `${number(token.rateLimit)}/h`}
      </td>
      <td className={`${cell} ${wideOnly} whitespace-nowrap`}>
        <span title={`by ${token.createdBy}`}>
          <Time at={token.createdAt} />
        </span>
      </td>
      <td className={`${cell} ${inCard}`}>
        <LastUsed token={token} />
      </td>
      <td className={`${cell} ${inCard}`}>
        <Expiry token={token} />
      </td>
      <td className={`${cell} w-12 max-sm:absolute max-sm:top-0 max-sm:right-0`}>
        <RowMenu label={`Actions of ${token.description}`} items={items} />
      </td>
    </tr>
  );
}
