import type { ReactNode } from "react";
import { Field, Input } from "../../components/ui/field";

type NumberProps = {
  label: string;
  help: ReactNode;
  unit: string;
  /** What holds while the field is empty. */
  none: string;
  value: string;
  error?: string;
  onChange: (value: string) => void;
};

/** A number that may be left out. */
export function NumberField({ label, help, unit, none, value, error, onChange }: NumberProps) {
  return (
    <Field label={label} help={help} error={error}>
      {(ids) => (
        <span className="flex items-center gap-2">
          <Input
            {...ids}
            inputMode="numeric"
            autoComplete="off"
            className="max-w-32"
            placeholder={none}
            value={value}
            onChange={({ target }) => onChange(target.value)}
          />
          <span className="text-muted">{unit}</span>
        </span>
      )}
    </Field>
  );
}
