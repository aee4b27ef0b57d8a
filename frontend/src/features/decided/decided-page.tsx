import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { Choose } from "../../components/choose";
import { later } from "../../components/later";
import { LoadMore } from "../../components/load-more";
import { PageHead } from "../../components/page";
import { Button } from "../../components/ui/button";
import { rowsOf } from "../../lib/connection";
import { count } from "../../lib/time";
import { useMay } from "../account/may";
import { Advisories, Affected } from "../advisories/lists";
import { List } from "./list";
import { type Block, blockedQuery, type Row, repositoryNamesQuery, type State, states, versionsQuery } from "./queries";
import { BlockTable, VersionTable } from "./tables";

const BlockDialog = later(async () => (await import("../packages/block-dialog")).BlockDialog);

/** What each list is of, and what is said where it is empty. */
const about: Record<State, { text: string; none: string }> = {
  changed: {
    text: "Their source says something else of them now than when they were first seen here. What was first seen is served until somebody accepts the change, and stays so where somebody rejects it.",
    none: "Nothing has changed: what is served is what its sources still have.",
  },
  held: {
    text: "Releases that are younger than the cooldown of their repository. They are offered by themselves when it is over, or once somebody releases them.",
    none: "Nothing is held back. The cooldown of a repository holds its new releases back.",
  },
  blocked: {
    text: "They are not offered, and refused to lock files that name them, with the reason.",
    none: "Nothing is blocked.",
  },
  advisories: {
    text: "Weaknesses that were written down here. composer audit tells of them beside those that sources know of.",
    none: "",
  },
  affected: {
    text: "Tokens that downloaded a version in the last 30 days that has a known weakness, or is blocked.",
    none: "",
  },
};

/** The versions of all repositories that changed upstream, are held back, are blocked, or have a known weakness. */
export function DecidedPage() {
  const { state = "changed", repository } = useSearch({ from: "/_app/versions" });
  const [blocking, setBlocking] = useState(false);
  const mayDecide = useMay("DECIDE_VERSIONS");
  return (
    <>
      <PageHead
        title="Versions"
        text="Those that changed at their source, are held back, are blocked, or have a known weakness."
        action={mayDecide && <Button onClick={() => setBlocking(true)}>Block versions…</Button>}
      />
      <nav aria-label="Lists of versions" className="mb-4 flex flex-wrap gap-1">
        {Object.entries(states).map(([one, title]) => (
          <Link
            key={one}
            to="/versions"
            search={{ state: one === "changed" ? undefined : (one as Exclude<State, "changed">), repository }}
            className={`min-h-9 rounded-md px-3 py-1.5 font-medium hover:bg-soft ${one === state ? "bg-soft text-text" : "text-muted"}`}
          >
            {title}
          </Link>
        ))}
      </nav>
      <p className="mb-4 max-w-prose text-muted">{about[state].text}</p>
      {state === "blocked" && <Blocked mayDecide={mayDecide} />}
      {state === "advisories" && <Advisories mayDecide={mayDecide} />}
      {state === "affected" && <Affected />}
      {(state === "changed" || state === "held") && (
        <Versions key={state} state={state} repository={repository} mayDecide={mayDecide} />
      )}
      {blocking && <BlockDialog version="" onClose={() => setBlocking(false)} />}
    </>
  );
}

type VersionsProps = { state: "changed" | "held"; repository?: string; mayDecide: boolean };

function Versions({ state, repository, mayDecide }: VersionsProps) {
  const navigate = useNavigate({ from: "/versions" });
  const query = useInfiniteQuery(versionsQuery(state, repository));
  const { data: names = {} } = useQuery(repositoryNamesQuery);
  const rows = rowsOf<Row>(query.data?.pages);
  return (
    <>
      <div className="mb-4 flex flex-wrap items-center gap-2">
        <Choose
          label="Repository"
          none="All repositories"
          options={names}
          value={repository}
          onChange={(next) => void navigate({ search: (now) => ({ ...now, repository: next }), replace: true })}
        />
        <Total of={query.data?.pages[0]?.totalCount} />
      </div>
      <List query={query} none={repository ? "None of this repository." : about[state].none} empty={rows.length === 0}>
        <VersionTable rows={rows} state={state} mayDecide={mayDecide} dimmed={query.isPlaceholderData} />
      </List>
      <LoadMore query={query} />
    </>
  );
}

function Blocked({ mayDecide }: { mayDecide: boolean }) {
  const query = useInfiniteQuery(blockedQuery);
  const rows = rowsOf<Block>(query.data?.pages);
  return (
    <>
      <List query={query} none={about.blocked.none} empty={rows.length === 0}>
        <BlockTable rows={rows} mayDecide={mayDecide} />
      </List>
      <LoadMore query={query} />
    </>
  );
}

function Total({ of }: { of?: number }) {
  return (
    <span role="status" className="ml-auto text-muted">
      {of !== undefined && count(of, "version")}
    </span>
  );
}
