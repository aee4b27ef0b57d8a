import { useInfiniteQuery, useSuspenseQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState } from "react";
import { LoadMore } from "../../components/load-more";
import { Empty, LoadError, PageHead, Skeleton, TableBox } from "../../components/page";
import { Button } from "../../components/ui/button";
import { useToast } from "../../components/ui/toast";
import { copy } from "../../lib/clipboard";
import { count } from "../../lib/time";
import { viewerQuery } from "../account/queries";
import { CreateToken } from "./create-dialog";
import { DeleteToken } from "./delete-dialog";
import { EditToken } from "./edit-dialog";
import { Filters } from "./filters";
import { rowsOf, type Token, type TokenSearch, tokensQuery } from "./queries";
import { TokenTable } from "./table";

export function TokensPage() {
  const search = useSearch({ from: "/_app/tokens" });
  const navigate = useNavigate({ from: "/tokens" });
  const toast = useToast();
  const { data: viewer } = useSuspenseQuery(viewerQuery);
  const query = useInfiniteQuery(tokensQuery(search));
  const [editing, setEditing] = useState<Token | null>(null);
  const [deleting, setDeleting] = useState<Token | null>(null);
  const change = (part: Partial<TokenSearch>, replace = true) =>
    void navigate({ search: (now) => ({ ...now, ...part }), replace });
  const mayManage = viewer.role !== "VIEWER";
  const filtered = Boolean(search.q || search.status || search.access);
  const create = () => change({ new: 1 }, false);
  const copyId = async (token: Token) => {
    toast((await copy(token.id, null)) ? "The token's id was copied." : "Copying failed.");
  };
  return (
    <>
      <PageHead
        title="Access Tokens"
        text="Composer uses these to sign in to this server."
        action={
          mayManage && (
            <Button kind="primary" onClick={create}>
              <Plus size={16} aria-hidden /> Create Token
            </Button>
          )
        }
      />
      <Filters search={search} change={change} total={query.data?.pages[0]?.totalCount} />
      <TableBox>
        {query.isPending ? (
          <Skeleton />
        ) : query.isError ? (
          <LoadError error={query.error} retry={() => query.refetch()} />
        ) : (
          <TokenTable
            tokens={rowsOf(query.data.pages)}
            dimmed={query.isPlaceholderData}
            mayManage={mayManage}
            onCopyId={copyId}
            onEdit={setEditing}
            onDelete={setDeleting}
            empty={
              <NoTokens
                filtered={filtered}
                clear={() => change({ q: undefined, status: undefined, access: undefined })}
                create={mayManage ? create : undefined}
              />
            }
          />
        )}
      </TableBox>
      <LoadMore query={query} />
      <p className="sr-only" role="status">
        {query.data && count(query.data.pages[0]?.totalCount ?? 0, "token")}
      </p>
      <CreateToken
        open={search.new === 1 && mayManage}
        description={search.description}
        onClose={() => change({ new: undefined, description: undefined })}
      />
      {editing && <EditToken token={editing} onClose={() => setEditing(null)} />}
      {deleting && <DeleteToken token={deleting} onClose={() => setDeleting(null)} />}
    </>
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
