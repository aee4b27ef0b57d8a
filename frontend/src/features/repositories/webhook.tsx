import { Tabs } from "@base-ui/react/tabs";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { CopyBox } from "../../components/copy-box";
import { Callout, Panel } from "../../components/panel";
import { Time } from "../../components/time";
import { Button } from "../../components/ui/button";
import { Confirm, Dialog } from "../../components/ui/dialog";
import {
  CreateOrganizationWebhookSecretDocument,
  CreateWebhookSecretDocument,
  OrganizationWebhookDocument,
  RemoveOrganizationWebhookSecretDocument,
  RemoveWebhookSecretDocument,
  WebhookDocument,
  type WebhookQuery,
} from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";

type Webhook = NonNullable<WebhookQuery["repository"]>;

/** Whose webhook it is. */
type Of = {
  key: readonly string[];
  read: () => Promise<Webhook | null | undefined>;
  /** Makes a secret, and returns it. */
  make: () => Promise<string>;
  remove: () => Promise<unknown>;
};

const ofRepository = (id: string): Of => ({
  key: ["repositories", id, "webhook"],
  read: async () => (await request(WebhookDocument, { id })).repository,
  make: async () => (await request(CreateWebhookSecretDocument, { id })).createWebhookSecret.secret,
  remove: () => request(RemoveWebhookSecretDocument, { id }),
});

const ofOrganization = (id: string): Of => ({
  key: ["repositories", "organizations", id, "webhook"],
  read: async () => (await request(OrganizationWebhookDocument, { id })).organization,
  make: async () =>
    (await request(CreateOrganizationWebhookSecretDocument, { id })).createOrganizationWebhookSecret.secret,
  remove: () => request(RemoveOrganizationWebhookSecretDocument, { id }),
});

/** Where the host of a repository tells of pushes, for who may manage it. */
export function WebhookPanel({ id }: { id: string }) {
  return <WebhookOf of={ofRepository(id)} />;
}

/** The same of an organization, in a dialog. */
export function OrganizationWebhook({ id, name, onClose }: { id: string; name: string; onClose: () => void }) {
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Webhook of ${name}`}
      description="One for all of its repositories. Set it at the organization, for pushes and for new repositories."
      footer={
        <Button kind="primary" onClick={onClose}>
          Done
        </Button>
      }
    >
      <WebhookOf of={ofOrganization(id)} />
    </Dialog>
  );
}

function WebhookOf({ of }: { of: Of }) {
  const { data: webhook, error } = useQuery({ queryKey: of.key, queryFn: async () => (await of.read()) ?? null });
  const [asking, setAsking] = useState<"replace" | "remove">();
  const client = useQueryClient();
  const done = () => {
    setAsking(undefined);
    void changed(client, "repositories");
  };
  const make = useMutation({ mutationFn: of.make, onSuccess: done });
  const remove = useMutation({
    mutationFn: of.remove,
    onSuccess: () => {
      make.reset();
      done();
    },
  });
  if (error) return <p className="text-danger">{error.message}</p>;
  if (!webhook) return null;
  const secret = make.data;
  const exists = webhook.webhookSecretAt != null;
  return (
    <Panel
      title="Webhook"
      action={
        exists ? (
          <>
            <Button onClick={() => setAsking("replace")}>Replace the secret…</Button>
            <Button onClick={() => setAsking("remove")}>Remove…</Button>
          </>
        ) : (
          <Button busy={make.isPending} onClick={() => make.mutate()}>
            Make a secret
          </Button>
        )
      }
    >
      <Received webhook={webhook} />
      {make.error && !asking && (
        <p role="alert" className="text-danger">
          {make.error.message}
        </p>
      )}
      {secret && (
        <Callout>
          <p className="font-medium">Copy the secret to the host now. This is the only time we show it.</p>
          <CopyBox text={secret} label="Copy the secret" />
        </Callout>
      )}
      {exists && (
        <>
          <div className="grid gap-1.5">
            <span className="font-medium">Address</span>
            <CopyBox text={webhook.webhookUrl} label="Copy the address" />
          </div>
          <Hosts />
        </>
      )}
      <Confirm
        open={asking === "replace"}
        onClose={() => setAsking(undefined)}
        title="Replace the secret?"
        keep="Keep it"
        action="Replace the secret"
        busy={make.isPending}
        onConfirm={() => make.mutate()}
        error={make.error?.message}
      >
        <p>Deliveries that are signed with the old one are refused at once, until the host has the new one.</p>
      </Confirm>
      <Confirm
        open={asking === "remove"}
        onClose={() => setAsking(undefined)}
        title="Remove the webhook?"
        keep="Keep it"
        action="Remove the webhook"
        busy={remove.isPending}
        onConfirm={() => remove.mutate()}
        error={remove.error?.message}
      >
        <p>Deliveries are refused at once. The host is asked for changes every few minutes instead.</p>
      </Confirm>
    </Panel>
  );
}

/** What is known of deliveries. */
function Received({ webhook }: { webhook: Webhook }) {
  if (!webhook.webhookSecretAt) {
    return <p className="text-muted">With a webhook, its host tells of a push, which is synced at once.</p>;
  }
  if (!webhook.webhookReceivedAt) return <p className="text-muted">Nothing was received yet.</p>;
  return (
    <p className="wrap-anywhere">
      Last received <Time at={webhook.webhookReceivedAt} />
      {webhook.webhookOutcome && <span className="text-muted"> ({webhook.webhookOutcome})</span>}.
    </p>
  );
}

const hosts = [
  [
    "GitHub",
    "Settings → Webhooks → Add webhook. Payload URL: the address. Secret: the secret. Events: just the push event.",
  ],
  [
    "GitLab",
    "Settings → Webhooks → Add new webhook. URL: the address. Secret token: the secret. Trigger: push events and tag push events.",
  ],
  [
    "Bitbucket",
    "Repository settings → Webhooks → Add webhook. URL: the address. Secret: the secret. Triggers: repository push.",
  ],
  [
    "Gitea, Forgejo",
    "Settings → Webhooks → Add webhook → Gitea or Forgejo. Target URL: the address. Secret: the secret. Trigger on push events.",
  ],
] as const;

/** What to set at each kind of host. */
function Hosts() {
  return (
    <Tabs.Root defaultValue="GitHub" className="grid min-w-0 gap-3">
      <Tabs.List aria-label="What to set at the host" className="flex gap-1 overflow-x-auto border-line border-b">
        {hosts.map(([name]) => (
          <Tabs.Tab
            key={name}
            value={name}
            className="-mb-px border-transparent border-b-2 px-3 py-2 font-medium whitespace-nowrap data-active:border-accent"
          >
            {name}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {hosts.map(([name, text]) => (
        <Tabs.Panel key={name} value={name}>
          {text}
        </Tabs.Panel>
      ))}
    </Tabs.Root>
  );
}
