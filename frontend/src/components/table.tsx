import { Download } from "lucide-react";
import type { ComponentProps } from "react";
import { cell, headCell } from "./page";
import { buttonClass } from "./ui/button";

/** The head of a table; a small screen, where rows are cards, does not show it. */
export function TableHead({ titles, cards }: { titles: readonly string[]; cards?: boolean }) {
  return (
    <thead className={cards ? "max-sm:sr-only" : ""}>
      <tr>
        {titles.map((title) => (
          <th key={title} scope="col" className={headCell}>
            {title}
          </th>
        ))}
      </tr>
    </thead>
  );
}

type CellProps = ComponentProps<"td"> & {
  /** What the value is. It stands before it on a small screen, where rows are cards and the head is not shown. */
  label?: string;
};

/** A cell of a table whose rows are cards on a small screen. */
export function CardCell({ label, className = "", children, ...props }: CellProps) {
  return (
    <td {...props} className={`${cell} max-sm:inline-block max-sm:py-1 ${className}`}>
      {label && <span className="text-[13px] text-muted sm:hidden">{label} </span>}
      {children}
    </td>
  );
}

/** A link to a file that the server makes of what is shown. */
export function FileLink({ href, children }: { href: string; children: string }) {
  return (
    <a href={href} download className={buttonClass("secondary")}>
      <Download size={15} aria-hidden /> {children}
    </a>
  );
}
