import { AlertDialog } from "@base-ui/react/alert-dialog";
import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { type ReactNode, type RefObject, useRef } from "react";
import { Button } from "./button";

const backdrop = "fixed inset-0 z-40 bg-black/50";
const popup =
  "fixed z-50 left-1/2 top-1/2 flex max-h-[92dvh] w-[calc(100vw-1rem)] -translate-x-1/2 -translate-y-1/2 flex-col rounded-xl border border-line bg-panel text-text shadow-2xl";

type DialogProps = {
  open: boolean;
  onClose: () => void;
  title: string;
  description?: ReactNode;
  children: ReactNode;
  footer: ReactNode;
  initialFocus?: RefObject<HTMLElement | null>;
  /** The name of the field that focus begins in. */
  field?: string;
};

/** A dialog whose body scrolls between a fixed head and foot. Focus begins in its first field, but for touch. */
export function Dialog({ open, onClose, title, description, children, footer, initialFocus, field }: DialogProps) {
  const body = useRef<HTMLDivElement>(null);
  const firstField = (how: string) =>
    (field && body.current?.querySelector<HTMLElement>(`[name="${field}"]`)) ||
    how === "touch" ||
    (body.current?.querySelector<HTMLElement>("input, select, textarea") ?? true);
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Backdrop className={backdrop} />
        <Base.Popup className={`${popup} max-w-xl`} initialFocus={initialFocus ?? firstField}>
          <header className="flex items-start justify-between gap-4 border-line border-b px-5 py-4">
            <div className="grid gap-0.5">
              <Base.Title className="font-semibold text-base">{title}</Base.Title>
              {description && <Base.Description className="text-muted">{description}</Base.Description>}
            </div>
            <Base.Close aria-label="Close" className="-m-1 rounded p-1.5 hover:bg-soft">
              <X size={16} aria-hidden />
            </Base.Close>
          </header>
          <div ref={body} className="relative grid gap-5 overflow-y-auto px-5 py-5">
            {children}
          </div>
          <footer className="flex flex-wrap justify-end gap-2 rounded-b-xl border-line border-t bg-bg px-5 py-3">
            {footer}
          </footer>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

type ConfirmProps = {
  open: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  keep: string;
  action: string;
  busy?: boolean;
  disabled?: boolean;
  onConfirm: () => void;
  error?: string;
};

/** Asks before something that cannot be undone. Focus begins on the safe button. */
export function Confirm(props: ConfirmProps) {
  const keep = useRef<HTMLButtonElement>(null);
  return (
    <AlertDialog.Root open={props.open} onOpenChange={(next) => !next && props.onClose()}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={backdrop} />
        <AlertDialog.Popup className={`${popup} max-w-md`} initialFocus={keep}>
          <div className="relative grid gap-3 overflow-y-auto px-5 py-5">
            <AlertDialog.Title className="font-semibold text-base">{props.title}</AlertDialog.Title>
            <AlertDialog.Description render={<div />} className="grid gap-3">
              {props.children}
            </AlertDialog.Description>
            {props.error && (
              <p role="alert" className="text-danger">
                {props.error}
              </p>
            )}
          </div>
          <footer className="flex flex-wrap justify-end gap-2 rounded-b-xl border-line border-t bg-bg px-5 py-3">
            <AlertDialog.Close ref={keep} render={<Button />}>
              {props.keep}
            </AlertDialog.Close>
            <Button
              kind="danger"
              busy={props.busy}
              disabled={props.disabled}
              className="disabled:opacity-50"
              onClick={props.onConfirm}
            >
              {props.action}
            </Button>
          </footer>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
