import { Toast } from "@base-ui/react/toast";
import { X } from "lucide-react";

/** Short messages about what was just done. */
export function Toasts() {
  const { toasts } = Toast.useToastManager();
  return (
    <Toast.Portal>
      <Toast.Viewport className="fixed right-4 bottom-4 z-50 grid w-[min(22rem,calc(100vw-2rem))] gap-2">
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

export const ToastProvider = Toast.Provider;

export function useToast(): (title: string) => void {
  const { add } = Toast.useToastManager();
  return (title) => void add({ title });
}
