import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Button } from "../../components/ui/button";
import type { TokenWhere } from "../../gql/graphql";
import { number } from "../../lib/time";
import { BulkDelete, ReleaseTokens } from "./dialogs";
import { previewQuery } from "./queries";
import { type TokenSearch, whereToChoose } from "./search";
import type { Selection } from "./selection";

type Props = { selection: Selection; search: TokenSearch; more: boolean };

/** How many tokens the server takes at once by name; all that match may be more. */
const namedAtMost = 100;

/**
 * What can be done to the tokens that are chosen; nothing while none is. more: not all that match are loaded. Once all
 * that are loaded are chosen, all that match can be.
 */
export function BulkBar({ selection, search, more }: Props) {
  const [asked, ask] = useState<"delete" | "release" | null>(null);
  const { chosen, matching, rows } = selection;
  if (chosen.length === 0) return null;
  const all = rows === true && !matching;
  const tooMany = !matching && chosen.length > namedAtMost;
  const what = matching ? { where: matching } : { ids: chosen.map(({ id }) => id) };
  return (
    <section
      aria-label="Selection"
      className="sticky bottom-4 z-20 mt-4 flex flex-wrap items-center gap-x-4 gap-y-2 rounded-lg border border-edge bg-panel px-4 py-2.5 shadow-xl"
    >
      <span role="status" className="font-medium">
        {matching ? <MatchCount where={matching} /> : `${number(chosen.length)} selected`}
        {tooMany && `, at most ${namedAtMost} can be deleted at once`}
      </span>
      {all && (more || tooMany) && <ChooseMatching search={search} choose={selection.chooseMatching} />}
      <span className="ml-auto flex gap-2">
        {search.parent && !matching && (
          <Button busy={tooMany} onClick={() => ask("release")}>
            Release…
          </Button>
        )}
        <Button kind="danger" busy={tooMany} onClick={() => ask("delete")}>
          Delete…
        </Button>
        <Button onClick={selection.clear}>Clear</Button>
      </span>
      {asked === "delete" && <BulkDelete what={what} onClose={() => ask(null)} onDeleted={selection.clear} />}
      {asked === "release" && (
        <ReleaseTokens ids={what.ids ?? []} onClose={() => ask(null)} onReleased={selection.clear} />
      )}
    </section>
  );
}

function MatchCount({ where }: { where: TokenWhere }) {
  const { data } = useQuery(previewQuery({ where }));
  return data ? `All ${number(data.count)} that match selected` : "All that match selected";
}

type ChooseProps = { search: TokenSearch; choose: (where: TokenWhere) => void };

/** Offers to choose also what is not loaded. The instants in the filter are fixed, so that what is counted is deleted. */
function ChooseMatching({ search, choose }: ChooseProps) {
  const where = useMemo(() => whereToChoose(search), [search]);
  const { data } = useQuery(previewQuery({ where }));
  if (!data) return null;
  return (
    <button type="button" className="font-medium text-accent underline" onClick={() => choose(where)}>
      Select all {number(data.count)} that match
    </button>
  );
}
