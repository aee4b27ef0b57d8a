import { Ellipsis } from "lucide-react";
import { useRef, useState } from "react";
import { later } from "../later";

/** why: the reason an action cannot be taken now; it is shown in its place. */
export type MenuItem = { label: string; onSelect: () => void; danger?: boolean; why?: string };

const load = async () => (await import("./open-menu")).OpenMenu;
const OpenMenu = later(load);

/** The actions of a row. What opens is loaded once somebody is about to open one. */
export function RowMenu({ label, items }: { label: string; items: MenuItem[] }) {
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  return (
    <>
      <button
        ref={button}
        type="button"
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={open}
        onPointerEnter={load}
        onFocus={load}
        onClick={() => setOpen(!open)}
        className={`inline-flex size-9 items-center justify-center rounded-md hover:bg-soft ${open ? "bg-soft" : ""}`}
      >
        <Ellipsis size={16} aria-hidden />
      </button>
      {open && <OpenMenu button={button} label={label} items={items} onClose={() => setOpen(false)} />}
    </>
  );
}
