import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { LoadMore } from "../../components/load-more";
import { cell, Empty, LoadError, PageHead, row, Skeleton, TableBox } from "../../components/page";
import { Fact, Facts, Panel, Part } from "../../components/panel";
import { SearchBox } from "../../components/search-box";
import { CardCell, TableHead } from "../../components/table";
import { Time } from "../../components/time";
import { Button } from "../../components/ui/button";
import { rowsOf } from "../../lib/connection";
import { count } from "../../lib/time";
import { AddressTable } from "../tokens/address-table";
import { RateMeter } from "../tokens/rate-meter";
import { ruleSentence } from "../tokens/rule-words";
import { SetUp } from "../tokens/secret-lines";
import {
  type Access,
  type AccessPackage,
  accessPackagesQuery,
  accessQuery,
  accessUsesQuery,
  type Held,
} from "./queries";

type Props = { held: Held; access: Access; onLeave: () => void };

/** What a token is, for whoever holds it. */
export function AccessView({ held, access: first, onLeave }: Props) {
  const { data: access, error } = useQuery(accessQuery(held, first));
  useForgotten();
  return (
    <main className="mx-auto grid w-full max-w-4xl px-4 py-10">
      <p className="mb-6 font-semibold text-muted">Package broker</p>
      <PageHead
        title={access.description}
        text={access.permission === "WRITE" ? "A write access token." : "A read-only access token."}
        action={<Button onClick={onLeave}>Use another token</Button>}
      />
      <div className="grid min-w-0 gap-6">
        {error && <LoadError error={error} retry={onLeave} />}
        <div className="grid items-start gap-6 md:grid-cols-3">
          <Panel title="What it may have" className="md:col-span-2">
            <AccessFacts access={access} />
          </Panel>
          <Panel title="Rate limit">
            <RateMeter
              status={{
                limit: access.rateLimit.limit,
                remaining: access.rateLimit.remaining ?? 0,
                resetAt: access.rateLimit.resetAt ?? "",
              }}
            />
          </Panel>
        </div>
        <Part title="How to use it">
          <SetUp secret={held.secret} />
        </Part>
        <Packages held={held} some={access.packageRules.length > 0} />
        <Uses held={held} />
      </div>
    </main>
  );
}

/** Forgets all that was asked as the token, with the page. */
function useForgotten() {
  const client = useQueryClient();
  useEffect(() => () => client.removeQueries({ queryKey: ["access"] }), [client]);
}

function AccessFacts({ access }: { access: Access }) {
  return (
    <Facts>
      <Fact name="Packages">{codes(access.packages, "All packages")}</Fact>
      <Fact name="Versions">
        {access.packageRules.length === 0 ? (
          "Every version of its packages"
        ) : (
          <ul className="grid gap-1">
            {access.packageRules.map((rule) => (
              <li key={ruleSentence(rule)}>{ruleSentence(rule)}</li>
            ))}
          </ul>
        )}
      </Fact>
      <Fact name="Expires">{access.expiresAt ? <Time at={access.expiresAt} long /> : "Never"}</Fact>
      <Fact name="Networks">{codes(access.networks, "From anywhere")}</Fact>
    </Facts>
  );
}

function codes(all: readonly string[], none: string): ReactNode {
  if (all.length === 0) return none;
  return (
    <span className="flex flex-wrap gap-x-3">
      {all.map((one) => (
        <code key={one}>{one}</code>
      ))}
    </span>
  );
}

/** The packages that it may install, of those that are known here; some: not every version of them. */
function Packages({ held, some }: { held: Held; some: boolean }) {
  const [search, setSearch] = useState("");
  const query = useInfiniteQuery(accessPackagesQuery(held, search));
  const rows = rowsOf<AccessPackage>(query.data?.pages);
  const total = query.data?.pages[0]?.totalCount;
  return (
    <Part title="What it may install">
      <div className="flex flex-wrap items-center gap-2">
        <SearchBox label="Search packages" value={search} onChange={setSearch} />
        <span role="status" className="ml-auto text-muted">
          {total !== undefined && count(total, "package")}
        </span>
      </div>
      <TableBox>
        {query.isPending ? (
          <Skeleton rows={3} />
        ) : query.isError ? (
          <LoadError error={query.error} retry={() => query.refetch()} />
        ) : rows.length === 0 ? (
          <Empty text={search ? "No packages match." : "There is no package that it may install yet."} />
        ) : (
          <table className={`w-full border-collapse ${query.isPlaceholderData ? "opacity-60" : ""}`}>
            <TableHead titles={["Package", "Newest here"]} cards />
            <tbody>
              {rows.map((one) => (
                <tr key={one.id} className={`${row} max-sm:block max-sm:pb-2`}>
                  <th scope="row" className={`${cell} font-normal max-sm:block`}>
                    <span className="grid">
                      <code className="font-medium wrap-anywhere">{one.name}</code>
                      {one.description && (
                        <span className="text-[13px] text-muted wrap-anywhere">{one.description}</span>
                      )}
                    </span>
                  </th>
                  <CardCell label="Newest here">{one.latest ? <code>{one.latest.version}</code> : "—"}</CardCell>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </TableBox>
      <LoadMore query={query} />
      {some && <p className="text-[13px] text-muted">Which versions of these it gets, the rules above say.</p>}
    </Part>
  );
}

/** Where it was used from; this page is a use as well. */
function Uses({ held }: { held: Held }) {
  const query = useQuery(accessUsesQuery(held));
  const used = (query.data ?? []).filter(({ addresses }) => addresses.length > 0);
  return (
    <Part title="Its last uses">
      {query.isPending ? (
        <Skeleton rows={2} />
      ) : query.isError ? (
        <LoadError error={query.error} retry={() => query.refetch()} />
      ) : used.length === 0 ? (
        <p className="text-muted">It was not used in the last 30 days.</p>
      ) : (
        used.map(({ id, hint, addresses }) => (
          <TableBox key={id}>
            {query.data.length > 1 && (
              <p className="px-3 pt-3">
                <code>{hint}</code>
              </p>
            )}
            <AddressTable addresses={addresses} />
          </TableBox>
        ))
      )}
      <p className="text-[13px] text-muted">
        What you ask here counts as well. If you do not know an address, tell whoever gave you the token.
      </p>
    </Part>
  );
}
