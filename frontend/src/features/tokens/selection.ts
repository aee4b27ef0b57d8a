import { useState } from "react";
import type { TokenWhere } from "../../gql/graphql";
import type { Token } from "./queries";

/** What is chosen of a list: rows of it, or all that match although not all are loaded. */
export type Selection = {
  chosen: Token[];
  /** The filter that chose everything; null where single rows are chosen. */
  matching: TokenWhere | null;
  /** Whether every row that can be chosen is, some are, or none. */
  rows: boolean | "some";
  has: (token: Token) => boolean;
  toggle: (token: Token, on: boolean) => void;
  toggleRows: (on: boolean) => void;
  chooseMatching: (where: TokenWhere) => void;
  clear: () => void;
};

/** A revoked token is there to be read only. */
export const canBeChosen = (token: Token) => token.status !== "REVOKED";

const nothing = { ids: new Set<string>(), matching: null as TokenWhere | null };

/** The selection of the loaded rows; it ends when the scope, what the list is narrowed to, changes. */
export function useSelection(scope: string, tokens: Token[]): Selection {
  const [state, setState] = useState({ scope, ...nothing });
  if (state.scope !== scope) setState({ scope, ...nothing });
  const able = tokens.filter(canBeChosen);
  const has = ({ id }: Token) => state.matching !== null || state.ids.has(id);
  const chosen = able.filter(has);
  const choose = (ids: Iterable<string>) => setState({ scope, ids: new Set(ids), matching: null });
  return {
    chosen,
    matching: state.matching,
    rows: chosen.length === 0 ? false : chosen.length === able.length ? true : "some",
    has: (token) => canBeChosen(token) && has(token),
    toggle: (token, on) => {
      const others = chosen.map(({ id }) => id).filter((id) => id !== token.id);
      choose(on ? [...others, token.id] : others);
    },
    toggleRows: (on) => choose(on ? able.map(({ id }) => id) : []),
    chooseMatching: (matching) => setState({ scope, ids: nothing.ids, matching }),
    clear: () => choose([]),
  };
}
