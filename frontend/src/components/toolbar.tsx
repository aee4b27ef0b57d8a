import type { ReactNode } from "react";

/** What a list is narrowed to and sorted by: in a line, or in two columns on a small screen. */
export function Toolbar({ children }: { children: ReactNode }) {
  return (
    <div className="mb-4 flex flex-wrap items-center gap-2 max-sm:grid max-sm:grid-cols-2 max-sm:[&>*:first-child]:col-span-2">
      {children}
    </div>
  );
}
