import { Tabs } from "@base-ui/react/tabs";
import { useQuery } from "@tanstack/react-query";
import { Eye, EyeOff } from "lucide-react";
import { type ReactNode, type Ref, useEffect, useState } from "react";
import { Address } from "../../components/address";
import { CopyBox } from "../../components/copy-box";
import { CopyButton } from "../../components/copy-button";
import { Time } from "../../components/time";
import { Button } from "../../components/ui/button";
import { masked, snippets } from "../../lib/snippets";
import { serverQuery } from "../account/queries";

type Props = {
  secret: string;
  expiresAt?: string | null;
  /** What else to know, such as when the secret before it ends. */
  note?: ReactNode;
  copyButton?: Ref<HTMLButtonElement>;
  onCopied?: () => void;
};

/** A secret that is there to be copied, and the lines to use it with; all masked until somebody wants to see it. */
export function SecretLines({ secret, expiresAt, note, copyButton, onCopied }: Props) {
  const [shown, setShown] = useState(false);
  return (
    <>
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
            <CopyButton ref={copyButton} text={secret} label="Copy the token" onCopied={onCopied} />
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
      <SetUp secret={secret} shown={shown} onCopied={onCopied} />
    </>
  );
}

type SetUpProps = { secret: string; shown?: boolean; onCopied?: () => void };

/** The lines that set Composer up with a token, wherever it runs. */
export function SetUp({ secret, shown = false, onCopied }: SetUpProps) {
  const { data: server } = useQuery(serverQuery);
  if (!server) return null;
  const all = snippets(server.publicUrl, secret);
  return (
    <Tabs.Root defaultValue="composer" className="grid min-w-0 gap-3">
      <Tabs.List
        aria-label="How to use it"
        className="relative flex gap-1 overflow-x-auto border-line border-b sm:flex-wrap"
      >
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
            onCopied={snippet.text.includes(secret) ? onCopied : undefined}
          />
          {snippet.note && <p className="text-[13px] text-muted">{snippet.note}</p>}
        </Tabs.Panel>
      ))}
    </Tabs.Root>
  );
}

/** Has the browser ask before the page is left. */
export function useWarnBeforeLeaving(active: boolean) {
  useEffect(() => {
    if (!active) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [active]);
}
