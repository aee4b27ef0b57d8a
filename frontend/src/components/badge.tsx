import type { ReactNode } from "react";

const tones = {
  plain: "bg-soft text-text",
  good: "bg-good-soft text-good",
  warn: "bg-warn-soft text-warn",
  danger: "bg-danger-soft text-danger",
};

export type Tone = keyof typeof tones;

export function Badge({ tone = "plain", children, title }: { tone?: Tone; children: ReactNode; title?: string }) {
  return (
    <span
      title={title}
      className={`inline-block rounded px-2 py-0.5 font-medium text-[13px] whitespace-nowrap ${tones[tone]}`}
    >
      {children}
    </span>
  );
}
