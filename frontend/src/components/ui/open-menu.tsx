import { Menu as Base } from "@base-ui/react/menu";
import type { RefObject } from "react";
import type { MenuItem } from "./menu";

type Props = {
  /** What opened it, and gets the focus back. */
  button: RefObject<HTMLButtonElement | null>;
  label: string;
  items: MenuItem[];
  onClose: () => void;
};

/** The open menu of a row. */
export function OpenMenu({ button, label, items, onClose }: Props) {
  return (
    <Base.Root
      open
      modal={false}
      onOpenChange={(open, { event }) => {
        const own = event.target instanceof Node && button.current?.contains(event.target);
        if (!open && !own) onClose(); // a press of the button closes it by itself
      }}
    >
      <Base.Portal>
        <Base.Positioner anchor={button} align="end" sideOffset={4} className="z-30">
          <Base.Popup
            aria-label={label}
            finalFocus={button}
            className="min-w-40 rounded-lg border border-line bg-panel p-1 text-text shadow-xl outline-none"
          >
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
