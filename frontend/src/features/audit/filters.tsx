import { Choose } from "../../components/choose";
import { SearchBox } from "../../components/search-box";
import { Toolbar } from "../../components/toolbar";
import { Button } from "../../components/ui/button";
import { Input, Select } from "../../components/ui/field";
import { count, dateOf } from "../../lib/time";
import { type AuditSearch, periods } from "./search";
import { kinds } from "./words";

type Props = { search: AuditSearch; change: (part: Partial<AuditSearch>) => void; total?: number };

/** What the events are narrowed to; it stands in the address. */
export function AuditFilters({ search, change, total }: Props) {
  return (
    <Toolbar>
      <SearchBox label="Search events" value={search.q ?? ""} onChange={(q) => change({ q: q || undefined })} />
      <SearchBox small label="Actor" value={search.actor ?? ""} onChange={(a) => change({ actor: a || undefined })} />
      <ActionChoice value={search.action} onChange={(action) => change({ action })} />
      <Period search={search} change={change} />
      {search.target && (
        <Button onClick={() => change({ target: undefined })}>
          Of one object <span aria-hidden>×</span>
          <span className="sr-only">, show all</span>
        </Button>
      )}
      <span role="status" className="text-muted max-sm:col-span-2 sm:ml-auto">
        {total !== undefined && count(total, "event")}
      </span>
    </Toolbar>
  );
}

function ActionChoice({ value, onChange }: { value?: string; onChange: (value: string | undefined) => void }) {
  const known = Object.entries(kinds);
  const own = value && !known.some(([kind, { actions }]) => kind === value || value in actions);
  return (
    <Select aria-label="Action" fit value={value ?? ""} onChange={({ target }) => onChange(target.value || undefined)}>
      <option value="">All actions</option>
      {own && <option>{value}</option>}
      {known.map(([kind, { name, actions }]) => (
        <optgroup key={kind} label={name}>
          <option value={kind}>{name}: all</option>
          {Object.entries(actions).map(([action, words]) => (
            <option key={action} value={action}>
              {words}
            </option>
          ))}
        </optgroup>
      ))}
    </Select>
  );
}

const names = {
  "1": "Last 24 hours",
  "7": "Last 7 days",
  "30": "Last 30 days",
  "90": "Last 90 days",
  dates: "Between…",
};

/** Up to now, or between two days. */
function Period({ search, change }: Omit<Props, "total">) {
  const between = search.from !== undefined || search.to !== undefined;
  const choose = (value: keyof typeof names | undefined) => {
    const today = dateOf(new Date());
    const dates = value === "dates" ? today : undefined;
    change({ days: periods.find((days) => String(days) === value), from: dates, to: dates });
  };
  return (
    <>
      <Choose
        label="Period"
        none="Any time"
        options={names}
        value={between ? "dates" : search.days && (String(search.days) as keyof typeof names)}
        onChange={choose}
      />
      {between && (
        <>
          <DayInput label="First day" value={search.from} onChange={(from) => change({ from })} />
          <DayInput label="Last day" value={search.to} onChange={(to) => change({ to })} />
        </>
      )}
    </>
  );
}

type DayProps = { label: string; value?: string; onChange: (value: string | undefined) => void };

function DayInput({ label, value, onChange }: DayProps) {
  return (
    <Input
      type="date"
      aria-label={label}
      className="sm:w-auto"
      value={value ?? ""}
      onChange={({ target }) => onChange(target.value || undefined)}
    />
  );
}
