import { Tabs } from "@base-ui/react/tabs";
import { useQuery } from "@tanstack/react-query";
import { Eye, EyeOff, TriangleAlert } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Address } from "../../components/address";
import { CopyBox } from "../../components/copy-box";
import { CopyButton } from "../../components/copy-button";
import { Time } from "../../components/time";
import { Button } from "../../components/ui/button";
import { Confirm, Dialog } from "../../components/ui/dialog";
import { masked, snippets } from "../../lib/snippets";
import { serverQuery } from "../account/queries";

type Props = {
  secret: string;
  description: string;
  expiresAt?: string | null;
  title?: string;
  /** What else to know, such as when the secret before it ends. */
  note?: ReactNode;
  onClose: () => void;
};

/** Shows a new secret this once, and asks before it is closed without having been copied. */
export function Reveal({ secret, description, expiresAt, title = "Copy your token now", note, onClose }: Props) {
  const [shown, setShown] = useState(false);
  const [copied, setCopied] = useState(false);
  const [asking, setAsking] = useState(false);
  const copyButton = useRef<HTMLButtonElement>(null);
  const close = () => (copied ? onClose() : setAsking(true));
  useWarnBeforeLeaving(!copied);
  return (
    <>
      <Dialog
        open
        onClose={close}
        initialFocus={copyButton}
        title={title}
        description={`“${description}” is ready. This is the only time we show it.`}
        footer={
          <Button kind="primary" onClick={close}>
            Done
          </Button>
        }
      >
        <p className="flex gap-2.5 rounded-md bg-warn-soft px-3 py-2.5 text-warn">
          <TriangleAlert size={16} className="mt-0.5 shrink-0" aria-hidden />
          Store it in your secret manager before you close this window. We keep only a hash.
        </p>
        <section aria-label="Token" className="grid gap-1.5">
          <span className="font-medium">Token</span>
          <div className="flex flex-wrap items-center justify-between gap-2 rounded-md border border-edge py-1 pr-1 pl-3">
            <span className="min-w-0">
              <Address text={shown ? secret : masked(secret, secret)} />
            </span>
            <span className="ml-auto flex items-start gap-1">
              <Button
                kind="ghost"
                onClick={() => setShown(!shown)}
                aria-label={shown ? "Hide the token" : "Show the token"}
              >
                {shown ? <EyeOff size={16} aria-hidden /> : <Eye size={16} aria-hidden />}
              </Button>
              <CopyButton ref={copyButton} text={secret} label="Copy the token" onCopied={() => setCopied(true)} />
            </span>
          </div>
          <span className="text-[13px] text-muted">
            {expiresAt ? (
              <>
                Stops working <Time at={expiresAt} long />.
              </>
            ) : (
              "It does not expire."
            )}{" "}
            {note}
          </span>
        </section>
        <Snippets secret={secret} shown={shown} onCopied={() => setCopied(true)} />
      </Dialog>
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title="Close without copying?"
        keep="Go back"
        action="Close anyway"
        onConfirm={onClose}
      >
        <p>You haven't copied this token. We can't show it again.</p>
      </Confirm>
    </>
  );
}

function Snippets({ secret, shown, onCopied }: { secret: string; shown: boolean; onCopied: () => void }) {
  const { data: server } = useQuery(serverQuery);
  if (!server) return null;
  const all = snippets(server.publicUrl, secret);
  return (
    <Tabs.Root defaultValue="composer" className="grid min-w-0 gap-3">
      <Tabs.List aria-label="How to use it" className="relative flex gap-1 overflow-x-auto border-line border-b">
        {all.map((snippet) => (
          <Tabs.Tab
            key={snippet.id}
            value={snippet.id}
            className="-mb-px border-transparent border-b-2 px-3 py-2 font-medium whitespace-nowrap data-active:border-accent"
          >
            {snippet.title}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {all.map((snippet) => (
        <Tabs.Panel key={snippet.id} value={snippet.id} className="grid gap-2">
          <CopyBox
            text={snippet.text}
            shown={shown ? snippet.text : masked(snippet.text, secret)}
            label={`Copy for ${snippet.title}`}
            onCopied={onCopied}
          />
          {snippet.id === "composer" && (
            <p className="text-[13px] text-muted">
              The last command stays in your shell's history. In CI, use the variable.
            </p>
          )}
        </Tabs.Panel>
      ))}
    </Tabs.Root>
  );
}

function useWarnBeforeLeaving(active: boolean) {
  useEffect(() => {
    if (!active) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [active]);
}
