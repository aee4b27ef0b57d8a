import { CopyBox } from "../../components/copy-box";
import { Button } from "../../components/ui/button";
import { Dialog } from "../../components/ui/dialog";

/** Shows an endpoint's secret, this once. */
export function SecretDialog({ url, secret, onClose }: { url: string; secret: string; onClose: () => void }) {
  return (
    <Dialog
      open
      onClose={onClose}
      title="Copy the secret now"
      description={`What is sent to ${url} is signed with it. This is the only time we show it.`}
      footer={
        <Button kind="primary" onClick={onClose}>
          Done
        </Button>
      }
    >
      <CopyBox text={secret} label="Copy the secret" />
      <p className="text-muted">
        The receiver checks the headers webhook-id, webhook-timestamp and webhook-signature with it, as the Standard
        Webhooks specification says.
      </p>
    </Dialog>
  );
}
