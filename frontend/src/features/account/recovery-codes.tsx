import { useState } from "react";
import { CopyBox } from "../../components/copy-box";
import { Button } from "../../components/ui/button";
import { Confirm, Dialog } from "../../components/ui/dialog";

/** Shows recovery codes this once, and asks before they are closed without having been copied. */
export function RecoveryCodes({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  const [copied, setCopied] = useState(false);
  const [asking, setAsking] = useState(false);
  const close = () => (copied ? onClose() : setAsking(true));
  return (
    <>
      <Dialog
        open
        onClose={close}
        title="Keep your recovery codes"
        description="This is the only time we show them."
        footer={
          <Button kind="primary" onClick={close}>
            Done
          </Button>
        }
      >
        <p>
          Each signs you in once without your app, for when your phone is lost. Keep them where your phone is not, in
          your password manager or on paper.
        </p>
        <CopyBox text={codes.join("\n")} label="Copy the recovery codes" onCopied={() => setCopied(true)} />
      </Dialog>
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title="Close without copying?"
        keep="Go back"
        action="Close anyway"
        onConfirm={onClose}
      >
        <p>You haven't copied the codes. We can't show them again. On paper? Then close.</p>
      </Confirm>
    </>
  );
}
