import { Info, TriangleAlert } from "lucide-react";
import { type ReactNode, useId } from "react";

type PanelProps = { title?: ReactNode; action?: ReactNode; children: ReactNode; className?: string };

/** A part of a page in a box of its own, with its title and what can be done. */
export function Panel({ title, action, children, className = "" }: PanelProps) {
  const id = useId();
  return (
    <section
      aria-labelledby={title ? id : undefined}
      className={`grid min-w-0 content-start gap-4 rounded-lg border border-line bg-panel p-5 ${className}`}
    >
      {title && <Heading id={id} title={title} action={action} />}
      {children}
    </section>
  );
}

/** The title of a part of a page, with what can be done beside it. */
export function Heading({ title, action, id }: { title: ReactNode; action?: ReactNode; id?: string }) {
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
      <h2 id={id} className="font-semibold text-base">
        {title}
      </h2>
      {action && <div className="flex flex-wrap items-center gap-2">{action}</div>}
    </div>
  );
}

/** Names and values. */
export function Facts({ children, className = "" }: { children: ReactNode; className?: string }) {
  return <dl className={`grid gap-x-8 gap-y-4 sm:grid-cols-2 ${className}`}>{children}</dl>;
}

export function Fact({ name, action, children }: { name: string; action?: ReactNode; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-[13px] text-muted">{name}</dt>
      <dd className="wrap-anywhere">
        {children} {action}
      </dd>
    </div>
  );
}

const tones = { plain: "bg-soft text-text", warn: "bg-warn-soft text-warn", danger: "bg-danger-soft text-danger" };

/** What a person should know before they read on. */
export function Callout({ tone = "warn", children }: { tone?: keyof typeof tones; children: ReactNode }) {
  const Icon = tone === "plain" ? Info : TriangleAlert;
  return (
    <div className={`flex gap-2.5 rounded-md px-4 py-2.5 ${tones[tone]}`}>
      <Icon size={16} className="mt-0.5 shrink-0" aria-hidden />
      <div className="grid min-w-0 flex-1 gap-1 wrap-anywhere">{children}</div>
    </div>
  );
}

/** A part of a page without a box around it, as one that holds a table has its own. */
export function Part({ title, action, children, id }: Omit<PanelProps, "className"> & { id?: string }) {
  const heading = useId();
  return (
    <section id={id} aria-labelledby={heading} className="grid min-w-0 scroll-mt-6 gap-3">
      <Heading id={heading} title={title} action={action} />
      {children}
    </section>
  );
}
