import { TriangleAlert } from "lucide-react";
import { type ReactNode, useRef, useState } from "react";
import { Button } from "../../components/ui/button";
import { Confirm, Dialog } from "../../components/ui/dialog";
import { SecretLines, useWarnBeforeLeaving } from "./secret-lines";

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
        <SecretLines
          secret={secret}
          expiresAt={expiresAt}
          note={note}
          copyButton={copyButton}
          onCopied={() => setCopied(true)}
        />
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
