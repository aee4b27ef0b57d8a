import type { ReactNode } from "react";

type Props = {
  label: ReactNode;
  checked: boolean | "some";
  onChange: (checked: boolean) => void;
  hidden?: boolean;
  name?: string;
};

/** A native checkbox; with hidden its label is only read out. */
export function Checkbox({ label, checked, onChange, hidden, name }: Props) {
  return (
    <label className={`flex w-fit items-center gap-2.5 ${hidden ? "p-1" : "font-medium"}`}>
      <input
        type="checkbox"
        name={name}
        className="size-4 accent-accent"
        ref={(box) => {
          if (box) box.indeterminate = checked === "some";
        }}
        checked={checked === true}
        onChange={({ target }) => onChange(target.checked)}
      />
      <span className={hidden ? "sr-only" : ""}>{label}</span>
    </label>
  );
}
