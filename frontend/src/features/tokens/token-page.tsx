import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Empty, LoadError, PageHead, Skeleton } from "../../components/page";
import { Part } from "../../components/panel";
import { FileLink } from "../../components/table";
import { Button, buttonClass } from "../../components/ui/button";
import type { MenuItem } from "../../components/ui/menu";
import { useMay } from "../account/may";
import { AuditList } from "../audit/audit-list";
import { Downloads } from "../downloads/downloads";
import { downloadsFile } from "../downloads/queries";
import { useTokenActions } from "./actions";
import { readAsked, writeAsked } from "./asked";
import { Status, Troubles } from "./badges";
import { ExplainPanel } from "./explain-panel";
import { type FullToken, tokenQuery } from "./queries";
import { Secrets } from "./secrets";
import { Notices, TokenFacts } from "./token-facts";
import { TokenUsage } from "./token-usage";

export function TokenPage() {
  const { id } = useParams({ from: "/_app/tokens/$id" });
  const query = useQuery(tokenQuery(id));
  if (query.data) return <Content token={query.data} />;
  return (
    <>
      <PageHead title="Token" />
      {query.isPending ? (
        <Skeleton />
      ) : query.isError ? (
        <LoadError error={query.error} retry={() => query.refetch()} />
      ) : (
        <Empty
          text="There is no such token."
          action={
            <Link to="/tokens" className={buttonClass()}>
              All tokens
            </Link>
          }
        />
      )}
    </>
  );
}

function Content({ token }: { token: FullToken }) {
  const { days = 30, explain } = useSearch({ from: "/_app/tokens/$id" });
  const navigate = useNavigate({ from: "/tokens/$id" });
  const mayManage = useMay("MANAGE_TOKENS");
  const mayRelease = useMay("RELEASE_TOKENS");
  const { items, dialog } = useTokenActions(mayManage);
  const where = { token: token.id };
  return (
    <>
      <PageHead
        title={token.description}
        text={
          <span className="flex flex-wrap items-center gap-2">
            {token.hint && <code>{token.hint}</code>}
            <Status status={token.status} />
            <Troubles token={{ ...token, status: "ACTIVE", leakedAt: null }} />
          </span>
        }
        action={<Actions items={items(token)} />}
      />
      <div className="grid gap-6">
        <Notices token={token} />
        <TokenFacts token={token} mayRelease={mayRelease} />
        <ExplainPanel
          token={token.id}
          asked={readAsked(explain)}
          onAsk={(asked) =>
            void navigate({
              search: (now) => ({ ...now, explain: writeAsked(asked) }),
              replace: true,
              resetScroll: false,
            })
          }
        />
        <Secrets token={token} mayManage={mayManage} />
        <TokenUsage
          id={token.id}
          days={days}
          onDays={(next) =>
            void navigate({ search: (now) => ({ ...now, days: next === 30 ? undefined : next }), replace: true })
          }
        />
        <Part title="What it downloaded" action={<FileLink href={downloadsFile(where)}>CSV</FileLink>}>
          <Downloads where={where} empty="It has not downloaded anything yet." />
        </Part>
        <Part
          title="What was done to it"
          action={
            <Link to="/audit" search={{ target: token.id }} className="text-accent underline">
              Show in Audit
            </Link>
          }
        >
          <AuditList where={{ target: token.id }} />
        </Part>
      </div>
      {dialog}
    </>
  );
}

function Actions({ items }: { items: MenuItem[] }) {
  return (
    <div className="flex flex-wrap gap-2">
      {items.map(({ label, onSelect, danger, why }) => (
        <Button key={label} kind={danger ? "danger" : "secondary"} busy={Boolean(why)} title={why} onClick={onSelect}>
          {label}
          {why && <span className="sr-only">: {why}</span>}
        </Button>
      ))}
    </div>
  );
}
