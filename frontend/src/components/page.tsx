import { type ReactNode, useEffect, useRef } from "react";

/** A page's head: its title gets the focus when the page is opened, and names the window. */
export function PageHead({ title, text, action }: { title: string; text?: ReactNode; action?: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Package broker`;
    heading.current?.focus({ preventScroll: true });
  }, [title]);
  return (
    <div className="mb-6 flex flex-wrap items-start justify-between gap-4">
      <div>
        <h1 ref={heading} tabIndex={-1} className="font-semibold text-xl wrap-anywhere">
          {title}
        </h1>
        {text && <p className="text-muted">{text}</p>}
      </div>
      {action}
    </div>
  );
}

/** What stands in the place of rows when there are none. */
export function Empty({ text, action }: { text: string; action?: ReactNode }) {
  return (
    <div className="grid justify-items-center gap-4 px-6 py-14 text-center">
      <p className="max-w-md text-muted">{text}</p>
      {action}
    </div>
  );
}

/** A list that could not be read. */
export function LoadError({ error, retry }: { error: Error; retry: () => void }) {
  return (
    <div role="alert" className="grid justify-items-center gap-4 px-6 py-14 text-center">
      <p className="text-danger">{error.message}</p>
      <button type="button" onClick={retry} className="font-medium text-accent underline">
        Try again
      </button>
    </div>
  );
}

/** Grey rows of the final height while the first page is read. */
export function Skeleton({ rows = 6 }: { rows?: number }) {
  return (
    <div aria-busy="true" role="status" aria-label="Loading" className="grid">
      {Array.from({ length: rows }, (_, i) => i).map((i) => (
        <div key={i} className="flex h-[61px] items-center border-line border-b px-3 last:border-0">
          <div className="h-3 w-2/3 animate-pulse rounded bg-soft" />
        </div>
      ))}
    </div>
  );
}

/** The box that a table stands in; a table wider than the window scrolls in it. */
export function TableBox({ children }: { children: ReactNode }) {
  return <div className="relative overflow-x-auto rounded-lg border border-line bg-panel">{children}</div>;
}

export const cell = "px-3 py-2.5 text-left";
export const headCell = "px-3 py-2 text-left font-medium text-[13px] text-muted whitespace-nowrap";
export const row = "border-line border-t first:border-0 hover:bg-bg";
