import { Download } from "lucide-react";
import { headCell } from "./page";
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

/** A link to a file that the server makes of what is shown. */
export function FileLink({ href, children }: { href: string; children: string }) {
  return (
    <a href={href} download className={buttonClass("secondary")}>
      <Download size={15} aria-hidden /> {children}
    </a>
  );
}
