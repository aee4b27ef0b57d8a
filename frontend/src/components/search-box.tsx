import { Search } from "lucide-react";
import { useEffect, useState } from "react";
import { Input } from "./ui/field";

type Props = { label: string; value: string; onChange: (value: string) => void; small?: boolean };

/** A text filter that waits until typing pauses. */
export function SearchBox({ label, value, onChange, small }: Props) {
  const [typed, setTyped] = useState(value);
  const [seen, setSeen] = useState(value);
  if (seen !== value) {
    setSeen(value);
    setTyped(value);
  }
  useEffect(() => {
    if (typed === value) return;
    const timer = setTimeout(() => onChange(typed), 250);
    return () => clearTimeout(timer);
  }, [typed, value, onChange]);
  return (
    <div className={`relative w-full ${small ? "sm:w-44" : "sm:w-72"}`}>
      <Search size={15} aria-hidden className="pointer-events-none absolute top-2.5 left-3 text-muted" />
      <Input
        type="search"
        aria-label={label}
        placeholder={label}
        className="pl-9"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
    </div>
  );
}
