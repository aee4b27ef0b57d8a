import { createContext, type ReactNode, useContext, useMemo, useState } from "react";
import { later } from "../later";

/** A short message about what was just done; each has another id, also where the words are the same. */
export type Message = { id: number; title: string };

const ToastContext = createContext<(title: string) => void>(() => undefined);
const Toasts = later(async () => (await import("./toasts")).Toasts);

/** Shows what is said with useToast by whatever is inside. What shows it is loaded with the first message. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [said, setSaid] = useState<Message[]>([]);
  const say = useMemo(() => {
    let next = 0;
    return (title: string) => {
      const message = { id: next++, title };
      setSaid((before) => [...before, message]);
    };
  }, []);
  return (
    <ToastContext value={say}>
      {children}
      {said.length > 0 && <Toasts said={said} />}
    </ToastContext>
  );
}

export function useToast(): (title: string) => void {
  return useContext(ToastContext);
}
