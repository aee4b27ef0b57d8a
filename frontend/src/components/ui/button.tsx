import type { ComponentProps } from "react";

const kinds = {
  primary: "bg-accent text-on-accent hover:bg-accent-hover border-transparent",
  secondary: "bg-panel text-text border-edge hover:bg-soft",
  danger: "bg-danger text-on-accent hover:bg-danger-hover border-transparent dark:text-[#2a0f0d]",
  ghost: "border-transparent text-text hover:bg-soft",
};

type Props = ComponentProps<"button"> & { kind?: keyof typeof kinds; busy?: boolean };

export function buttonClass(kind: keyof typeof kinds = "secondary", extra = ""): string {
  return `inline-flex min-h-9 items-center justify-center gap-2 rounded-md border px-3.5 py-1.5 text-sm font-medium whitespace-nowrap transition-colors ${kinds[kind]} ${extra}`;
}

/** A button. While busy it stays in the tab order, so that focus is not lost, and does nothing. */
export function Button({ kind = "secondary", busy, className = "", onClick, type = "button", ...props }: Props) {
  return (
    <button
      {...props}
      type={type}
      aria-disabled={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      className={buttonClass(kind, `${busy ? "opacity-60" : ""} ${className}`)}
    />
  );
}
