import { Link, useNavigate } from "@tanstack/react-router";
import type { MouseEvent, ReactNode } from "react";
import { Badge } from "../../components/badge";
import { cell, headCell, row } from "../../components/page";
import { CardCell } from "../../components/table";
import { Time } from "../../components/time";
import { Checkbox } from "../../components/ui/checkbox";
import { type MenuItem, RowMenu } from "../../components/ui/menu";
import { Expiry, LastUsed, Packages, permissionName, saysItsEnd, Troubles } from "./badges";
import type { Token } from "./queries";
import { canBeChosen, type Selection } from "./selection";

type Props = {
  tokens: Token[];
  dimmed: boolean;
  items: (token: Token) => MenuItem[];
  /** Null for people who may only look. */
  selection: Selection | null;
  empty: ReactNode;
};

export function TokenTable({ tokens, dimmed, empty, items, selection }: Props) {
  if (tokens.length === 0) return empty;
  return (
    <table className={`w-full border-collapse ${dimmed ? "opacity-60" : ""}`}>
      <thead className="max-sm:sr-only">
        <tr>
          {selection && (
            <th scope="col" className={`${headCell} w-9 pr-0`}>
              <Checkbox hidden label="Select all shown" checked={selection.rows} onChange={selection.toggleRows} />
            </th>
          )}
          {["Description", "Permissions", "Packages", "Last used", "Expires", "Created"].map((title) => (
            <th key={title} scope="col" className={`${headCell} ${title === "Created" ? wideOnly : ""}`}>
              {title}
            </th>
          ))}
          <th scope="col" className={headCell}>
            <span className="sr-only">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {tokens.map((token) => (
          <TokenTableRow key={token.id} token={token} items={items} selection={selection} />
        ))}
      </tbody>
    </table>
  );
}

const wideOnly = "max-lg:hidden";

type RowProps = Pick<Props, "items" | "selection"> & { token: Token };

/** A row, which opens the token's page, as the link in it does for keyboards; on a small screen a card. */
function TokenTableRow({ token, items, selection }: RowProps) {
  const open = useOpen(token.id);
  const chosen = selection?.has(token) ?? false;
  return (
    <tr
      onClick={open}
      className={`${row} cursor-pointer max-sm:relative max-sm:block max-sm:pr-12 max-sm:pb-2 ${selection ? "max-sm:pl-8" : ""} ${chosen ? "bg-accent/10" : ""}`}
    >
      {selection && (
        <td className={`${cell} w-9 pr-0 max-sm:absolute max-sm:top-0 max-sm:left-0`}>
          {canBeChosen(token) && (
            <Checkbox
              hidden
              label={`Select ${token.description}`}
              checked={chosen}
              onChange={(on) => selection.toggle(token, on)}
            />
          )}
        </td>
      )}
      <th scope="row" className={`${cell} font-normal max-sm:block`}>
        <Name token={token} />
      </th>
      <CardCell>
        <Badge>{permissionName(token)}</Badge>
      </CardCell>
      <td className={`${cell} max-sm:hidden`}>
        <Packages patterns={token.packages} rules={token.packageRules} />
      </td>
      <CardCell label={token.lastUsedAt ? "Last used" : undefined}>
        <LastUsed token={token} />
      </CardCell>
      <CardCell label={saysItsEnd(token) ? undefined : "Expires"}>
        <Expiry token={token} />
      </CardCell>
      <td className={`${cell} ${wideOnly}`}>
        <span className="grid">
          <span className="whitespace-nowrap">
            <Time at={token.createdAt} />
          </span>
          <span className="max-w-32 truncate text-[13px] text-muted max-xl:hidden" title={token.createdBy}>
            by {token.createdBy}
          </span>
        </span>
      </td>
      <td className={`${cell} w-12 max-sm:absolute max-sm:top-0 max-sm:right-0`}>
        <RowMenu label={`Actions of ${token.description}`} items={items(token)} />
      </td>
    </tr>
  );
}

function Name({ token }: { token: Token }) {
  return (
    <span className="grid">
      <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <Link
          to="/tokens/$id"
          params={{ id: token.id }}
          className="font-medium wrap-anywhere hover:underline max-sm:py-0.5"
        >
          {token.description}
        </Link>
        <Troubles token={token} />
      </span>
      {token.hint && <code className="text-muted">{token.hint}</code>}
    </span>
  );
}

/** Opens the token's page, unless the click was meant for something in the row, or for its text. */
function useOpen(id: string) {
  const navigate = useNavigate();
  return (event: MouseEvent<HTMLElement>) => {
    const within = event.target instanceof Element && event.currentTarget.contains(event.target);
    const meant = within && !(event.target as Element).closest("a, button, input, label");
    if (meant && !getSelection()?.toString()) void navigate({ to: "/tokens/$id", params: { id } });
  };
}
