import { Check, Copy } from "lucide-react";
import { type Ref, useRef, useState } from "react";
import { copy } from "../lib/clipboard";
import { Button } from "./ui/button";

type Props = { text: string; label?: string; onCopied?: () => void; ref?: Ref<HTMLButtonElement> };

/** Copies, and says so only after it worked. */
export function CopyButton({ text, label = "Copy", onCopied, ref }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [state, setState] = useState<"idle" | "copied" | "failed">("idle");
  const onClick = async () => {
    const done = await copy(text, box.current);
    setState(done ? "copied" : "failed");
    if (done) onCopied?.();
  };
  return (
    <div ref={box} className="grid justify-items-end gap-1">
      <Button ref={ref} onClick={onClick} aria-label={label}>
        {state === "copied" ? <Check size={15} aria-hidden /> : <Copy size={15} aria-hidden />}
        {state === "copied" ? "Copied" : "Copy"}
      </Button>
      <span role="status" className={state === "failed" ? "text-[13px] text-danger" : "sr-only"}>
        {state === "copied" && "Copied."}
        {state === "failed" && "Copying failed. Select the text and copy it yourself."}
      </span>
    </div>
  );
}
