import { Toast } from "@base-ui/react/toast";
import { X } from "lucide-react";
import { useEffect, useRef } from "react";
import type { Message } from "./toast";

/** The messages that were said lately, each for a few seconds. */
export function Toasts({ said }: { said: readonly Message[] }) {
  return (
    <Toast.Provider>
      <Queue said={said} />
      <Shown />
    </Toast.Provider>
  );
}

/** How long a message waits, in milliseconds: a reader only says what changes in a place that it has found before. */
const settles = 100;

/** Hands each message on once. */
function Queue({ said }: { said: readonly Message[] }) {
  const { add } = Toast.useToastManager();
  const handed = useRef(-1);
  useEffect(() => {
    const timer = setTimeout(() => {
      for (const { id, title } of said) {
        if (id <= handed.current) continue;
        handed.current = id;
        add({ title });
      }
    }, settles);
    return () => clearTimeout(timer);
  }, [said, add]);
  return null;
}

function Shown() {
  const { toasts } = Toast.useToastManager();
  return (
    <Toast.Portal>
      <Toast.Viewport role="status" className="fixed right-4 bottom-4 z-50 grid w-[min(22rem,calc(100vw-2rem))] gap-2">
        {toasts.map((toast) => (
          <Toast.Root
            key={toast.id}
            toast={toast}
            className="flex items-start justify-between gap-3 rounded-lg border border-line bg-panel px-4 py-3 text-text shadow-xl"
          >
            <Toast.Title render={<p />} />
            <Toast.Close aria-label="Dismiss" className="-m-1 rounded p-1.5 hover:bg-soft">
              <X size={14} aria-hidden />
            </Toast.Close>
          </Toast.Root>
        ))}
      </Toast.Viewport>
    </Toast.Portal>
  );
}
