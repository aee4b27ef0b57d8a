import { Select } from "./ui/field";

type Props<T extends string> = {
  label: string;
  /** What is shown while nothing is chosen. */
  none: string;
  options: Readonly<Record<T, string>>;
  value: T | undefined;
  onChange: (value: T | undefined) => void;
};

/** One filter of a list: a native choice in which nothing, too, can be chosen. */
export function Choose<T extends string>({ label, none, options, value, onChange }: Props<T>) {
  return (
    <Select
      aria-label={label}
      fit
      value={value ?? ""}
      onChange={({ target }) => onChange((target.value || undefined) as T | undefined)}
    >
      <option value="">{none}</option>
      {Object.entries<string>(options).map(([id, name]) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </Select>
  );
}
