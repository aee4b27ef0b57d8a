import { count } from "../../lib/time";
import { periods as all, type Days } from "./period";

type Props = { value: Days; onChange: (days: Days) => void; periods?: readonly Days[] };

/** How many days back to look. */
export function PeriodChoice({ value, onChange, periods = all }: Props) {
  return (
    <fieldset className="flex rounded-md border border-edge">
      <legend className="sr-only">Period</legend>
      {periods.map((days) => (
        <button
          key={days}
          type="button"
          aria-pressed={days === value}
          onClick={() => onChange(days)}
          className="min-h-8 rounded-md px-2.5 text-[13px] font-medium whitespace-nowrap text-muted hover:text-text aria-pressed:bg-soft aria-pressed:text-text"
        >
          {count(days, "day")}
        </button>
      ))}
    </fieldset>
  );
}
