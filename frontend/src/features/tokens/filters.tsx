import { Choose } from "../../components/choose";
import { SearchBox } from "../../components/search-box";
import { Toolbar } from "../../components/toolbar";
import { count } from "../../lib/time";
import type { TokenSearch } from "./search";

type Props = { search: TokenSearch; change: (part: Partial<TokenSearch>) => void; total?: number };

const statuses = {
  active: "Active",
  expiring: "Expiring",
  expired: "Expired",
  disabled: "Disabled",
  revoked: "Revoked",
  leaked: "Leaked",
  unclaimed: "Not claimed",
};

/** What the list is narrowed to and sorted by; it stands in the address. */
export function Filters({ search, change, total }: Props) {
  return (
    <Toolbar>
      <SearchBox label="Filter by description" value={search.q ?? ""} onChange={(q) => change({ q: q || undefined })} />
      <Choose
        label="Status"
        none="All statuses"
        options={statuses}
        value={search.status}
        onChange={(status) => change({ status })}
      />
      <Choose
        label="Permissions"
        none="All permissions"
        options={{ read: "Read-only", write: "Write" }}
        value={search.access}
        onChange={(access) => change({ access })}
      />
      <Choose
        label="Use"
        none="Used or not"
        options={{ stale: "Unused for 90 days", never: "Never used" }}
        value={search.use}
        onChange={(use) => change({ use })}
      />
      <Choose
        label="Sort by"
        none="Newest"
        options={{ name: "Description", used: "Last used", expires: "Expires soonest" }}
        value={search.sort}
        onChange={(sort) => change({ sort })}
      />
      <span className="text-muted max-sm:col-span-2 sm:ml-auto" aria-hidden>
        {total !== undefined && count(total, "token")}
      </span>
    </Toolbar>
  );
}
