import { Menu as Base } from "@base-ui/react/menu";
import { Ellipsis } from "lucide-react";

/** why: the reason an action cannot be taken now; it is shown in its place. */
export type MenuItem = { label: string; onSelect: () => void; danger?: boolean; why?: string };

/** The actions of a row. */
export function RowMenu({ label, items }: { label: string; items: MenuItem[] }) {
  return (
    <Base.Root modal={false}>
      <Base.Trigger
        aria-label={label}
        className="inline-flex size-9 items-center justify-center rounded-md hover:bg-soft data-popup-open:bg-soft"
      >
        <Ellipsis size={16} aria-hidden />
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner align="end" sideOffset={4} className="z-30">
          <Base.Popup className="min-w-40 rounded-lg border border-line bg-panel p-1 text-text shadow-xl outline-none">
            {items.map((item) => (
              <Base.Item
                key={item.label}
                onClick={item.onSelect}
                disabled={Boolean(item.why)}
                className={`cursor-pointer rounded-md px-3 py-1.5 outline-none data-disabled:cursor-default data-disabled:text-muted data-highlighted:bg-soft ${item.danger ? "text-danger" : ""}`}
              >
                {item.label}
                {item.why && <span className="block max-w-52 text-[13px]">{item.why}</span>}
              </Base.Item>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
