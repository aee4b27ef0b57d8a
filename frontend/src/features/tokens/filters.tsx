import { Search } from "lucide-react";
import { useEffect, useState } from "react";
import { Input, Select } from "../../components/ui/field";
import { count } from "../../lib/time";
import type { TokenSearch } from "./queries";

type Props = { search: TokenSearch; change: (part: Partial<TokenSearch>) => void; total?: number };

/** What the list is narrowed to and sorted by; it stands in the address. */
export function Filters({ search, change, total }: Props) {
  return (
    <div className="mb-4 flex flex-wrap items-center gap-2">
      <SearchBox label="Filter by description" value={search.q ?? ""} onChange={(q) => change({ q: q || undefined })} />
      <Select
        aria-label="Status"
        fit
        value={search.status ?? ""}
        onChange={(event) => change({ status: (event.target.value || undefined) as TokenSearch["status"] })}
      >
        <option value="">All statuses</option>
        <option value="active">Active</option>
        <option value="expiring">Expiring</option>
        <option value="expired">Expired</option>
        <option value="revoked">Revoked</option>
      </Select>
      <Select
        aria-label="Permissions"
        fit
        value={search.access ?? ""}
        onChange={(event) => change({ access: (event.target.value || undefined) as TokenSearch["access"] })}
      >
        <option value="">All permissions</option>
        <option value="read">Read-only</option>
        <option value="write">Write</option>
      </Select>
      <Select
        aria-label="Sort by"
        fit
        value={search.sort ?? ""}
        onChange={(event) => change({ sort: (event.target.value || undefined) as TokenSearch["sort"] })}
      >
        <option value="">Newest</option>
        <option value="name">Name</option>
        <option value="used">Last used</option>
        <option value="expires">Expires soonest</option>
      </Select>
      <span className="ml-auto text-muted" aria-hidden>
        {total !== undefined && count(total, "token")}
      </span>
    </div>
  );
}

/** A text filter that waits until typing pauses. */
export function SearchBox(props: { label: string; value: string; onChange: (value: string) => void }) {
  const [typed, setTyped] = useState(props.value);
  const [seen, setSeen] = useState(props.value);
  const { onChange } = props;
  if (seen !== props.value) {
    setSeen(props.value);
    setTyped(props.value);
  }
  useEffect(() => {
    if (typed === props.value) return;
    const timer = setTimeout(() => onChange(typed), 250);
    return () => clearTimeout(timer);
  }, [typed, props.value, onChange]);
  return (
    <div className="relative w-full sm:w-72">
      <Search size={15} aria-hidden className="pointer-events-none absolute top-2.5 left-3 text-muted" />
      <Input
        type="search"
        aria-label={props.label}
        placeholder={props.label}
        className="pl-9"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
    </div>
  );
}
