import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { LoadMore } from "../../components/load-more";
import { Empty, LoadError, PageHead, Skeleton, TableBox } from "../../components/page";
import { Button } from "../../components/ui/button";
import { rowsOf } from "../../lib/connection";
import { count } from "../../lib/time";
import { MayNot, useMay } from "../account/may";
import { useTokenActions } from "./actions";
import { BulkBar } from "./bulk";
import { CreateToken } from "./dialogs";
import { Filters } from "./filters";
import { tokenNameQuery, tokensQuery } from "./queries";
import { isFiltered, noFilters, type TokenSearch } from "./search";
import { useSelection } from "./selection";
import { TokenTable } from "./table";

export function TokensPage() {
  const search = useSearch({ from: "/_app/tokens/" });
  const navigate = useNavigate({ from: "/tokens/" });
  const mayManage = useMay("MANAGE_TOKENS");
  const mayCreate = useMay("CREATE_TOKENS");
  const change = (part: Partial<TokenSearch>, replace = true) =>
    void navigate({ search: (now) => ({ ...now, ...part }), replace });
  const create = () => change({ new: 1 }, false);
  const open = search.new === 1 && mayCreate;
  const opened = useEver(open); // it stays: going back must not take away a secret that is shown
  return (
    <>
      <PageHead
        title="Access Tokens"
        text="Composer uses these to sign in to this server."
        action={
          mayCreate && (
            <Button kind="primary" onClick={create}>
              <Plus size={16} aria-hidden /> Create Token
            </Button>
          )
        }
      />
      {search.new === 1 && (
        <div className="mb-4 empty:hidden">
          <MayNot action="CREATE_TOKENS" />
        </div>
      )}
      {search.parent && <Maker id={search.parent} />}
      <TokenList search={search} change={change} mayManage={mayManage} create={mayCreate ? create : undefined} />
      {opened && (
        <CreateToken
          open={open}
          description={search.description}
          onClose={() => change({ new: undefined, description: undefined })}
        />
      )}
    </>
  );
}

type ListProps = {
  search: TokenSearch;
  change: (part: Partial<TokenSearch>) => void;
  mayManage: boolean;
  create?: () => void;
};

function TokenList({ search, change, mayManage, create }: ListProps) {
  const query = useInfiniteQuery(tokensQuery(search));
  const { items, dialog } = useTokenActions(mayManage);
  const tokens = rowsOf(query.data?.pages);
  const { new: _, description: __, sort: ___, ...scope } = search;
  const selection = useSelection(JSON.stringify(scope), tokens);
  const total = query.data?.pages[0]?.totalCount;
  const list = useFocusAfter(selection.chosen.length > 0);
  return (
    <>
      <Filters search={search} change={change} total={total} />
      <div ref={list} tabIndex={-1} className="outline-none">
        <TableBox>
          {query.isPending ? (
            <Skeleton />
          ) : query.isError ? (
            <LoadError error={query.error} retry={() => query.refetch()} />
          ) : (
            <TokenTable
              tokens={tokens}
              dimmed={query.isPlaceholderData}
              items={items}
              selection={mayManage ? selection : null}
              empty={<NoTokens filtered={isFiltered(search)} clear={() => change(noFilters)} create={create} />}
            />
          )}
        </TableBox>
      </div>
      <LoadMore query={query} />
      <p className="sr-only" role="status">
        {total !== undefined && count(total, "token")}
      </p>
      <BulkBar selection={selection} search={search} more={query.hasNextPage} />
      {dialog}
    </>
  );
}

function useEver(now: boolean): boolean {
  const [ever, setEver] = useState(now);
  if (now && !ever) setEver(true);
  return ever || now;
}

/** Where the focus goes once what is there only now and then, and had it, is gone. */
function useFocusAfter(there: boolean) {
  const next = useRef<HTMLDivElement>(null);
  const was = useRef(there);
  useEffect(() => {
    const gone = was.current && !there;
    was.current = there;
    if (gone && (document.activeElement ?? document.body) === document.body) next.current?.focus();
  }, [there]);
  return next;
}

/** Says that the list is narrowed to the tokens that one token made. */
function Maker({ id }: { id: string }) {
  const { data: name } = useQuery(tokenNameQuery(id));
  return (
    <p className="mb-4 flex flex-wrap items-center gap-x-3 gap-y-1">
      <span>
        Made by{" "}
        <Link to="/tokens/$id" params={{ id }} className="font-medium text-accent underline">
          {name ?? "another token"}
        </Link>
        .
      </span>
      <Link to="/tokens" search={{}} className="text-accent underline">
        Show all tokens
      </Link>
    </p>
  );
}

function NoTokens({ filtered, clear, create }: { filtered: boolean; clear: () => void; create?: () => void }) {
  if (filtered) {
    return <Empty text="No tokens match these filters." action={<Button onClick={clear}>Clear filters</Button>} />;
  }
  return (
    <Empty
      text="No access tokens yet. Create one, then run the command we show you. Composer can install from this server right after."
      action={
        create && (
          <Button kind="primary" onClick={create}>
            Create your first token
          </Button>
        )
      }
    />
  );
}
