import { type ComponentProps, type ReactNode, useId } from "react";

type FieldProps = { label: string; help?: ReactNode; error?: string; children: (ids: ControlProps) => ReactNode };
type ControlProps = { id: string; "aria-describedby"?: string; "aria-invalid"?: boolean };

/** A labelled control with its help and its error. */
export function Field({ label, help, error, children }: FieldProps) {
  const id = useId();
  const described = [help ? `${id}-help` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ");
  return (
    <div className="grid gap-1.5">
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      {children({ id, "aria-describedby": described || undefined, "aria-invalid": error ? true : undefined })}
      {help && (
        <p id={`${id}-help`} className="text-[13px] text-muted">
          {help}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className="text-[13px] text-danger">
          {error}
        </p>
      )}
    </div>
  );
}

const controlClass =
  "min-h-9 rounded-md border border-edge bg-panel px-3 py-1.5 text-sm text-text placeholder:text-muted aria-invalid:border-danger";

export function Input({ className = "", ...props }: ComponentProps<"input">) {
  return <input {...props} className={`w-full ${controlClass} ${className}`} />;
}

/** A native choice; as wide as its place, or with fit as its text. */
export function Select({ className = "", fit, ...props }: ComponentProps<"select"> & { fit?: boolean }) {
  return <select {...props} className={`${fit ? "max-sm:w-full" : "w-full"} ${controlClass} ${className}`} />;
}

export function Textarea({ className = "", ...props }: ComponentProps<"textarea">) {
  return <textarea {...props} className={`w-full ${controlClass} mono ${className}`} />;
}

type Choice<T extends string> = { value: T; title: string; text: string };

/** Two or more choices as cards, of which one is taken. */
export function RadioCards<T extends string>(props: {
  legend: string;
  name: string;
  value: T;
  choices: Choice<T>[];
  onChange: (value: T) => void;
}) {
  return (
    <fieldset className="grid gap-1.5">
      <legend className="mb-1.5 font-medium">{props.legend}</legend>
      <div className="grid gap-2 sm:grid-cols-2">
        {props.choices.map((choice) => (
          <label
            key={choice.value}
            className="flex cursor-pointer gap-3 rounded-md border border-edge p-3 has-checked:border-accent has-checked:bg-soft has-checked:outline-1 has-checked:outline-accent"
          >
            <input
              type="radio"
              name={props.name}
              value={choice.value}
              checked={props.value === choice.value}
              onChange={() => props.onChange(choice.value)}
              className="mt-0.5 size-4 accent-accent"
            />
            <span className="grid min-w-0 content-start">
              <span className="font-medium">{choice.title}</span>
              <span className="text-[13px] text-muted wrap-anywhere">{choice.text}</span>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
