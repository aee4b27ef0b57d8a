import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Badge } from "../../components/badge";
import { Empty, LoadError, PageHead, Skeleton, TableBox } from "../../components/page";
import { Callout, Panel } from "../../components/panel";
import { Time } from "../../components/time";
import { Button } from "../../components/ui/button";
import { type MenuItem, RowMenu } from "../../components/ui/menu";
import { useToast } from "../../components/ui/toast";
import { TestNoticeEndpointDocument, UpdateNoticeEndpointDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import { MayNot, useMay } from "../account/may";
import { Deliveries } from "./deliveries";
import { EditEndpoint, RemoveEndpoint, RotateSecret } from "./dialogs";
import { type Endpoint, endpointsQuery, type Kind } from "./queries";

/** What is asked about an endpoint; a new one where there is none. */
type Asked = { about: "edit" | "rotate" | "remove"; endpoint?: Endpoint };

export function NoticesPage() {
  const [asked, setAsked] = useState<Asked | null>(null);
  const mayRead = useMay("READ_SETTINGS");
  const mayManage = useMay("MANAGE_SETTINGS");
  const query = useQuery({ ...endpointsQuery, enabled: mayRead });
  const add = (
    <Button kind="primary" className="min-h-11" onClick={() => setAsked({ about: "edit" })}>
      Add endpoint
    </Button>
  );
  return (
    <>
      <PageHead
        title="Notices"
        text="Other systems are told of what happens here, by signed webhooks. What you are told of by mail is on the page of your account."
        action={mayManage && add}
      />
      {!mayRead ? (
        <MayNot action="READ_SETTINGS" />
      ) : query.isPending ? (
        <Skeleton />
      ) : query.isError ? (
        <LoadError error={query.error} retry={() => query.refetch()} />
      ) : query.data.noticeEndpoints.length === 0 ? (
        <TableBox>
          <Empty text="No endpoints yet. Add the address of a system that should know when a token expires, a source fails or a release changes." />
        </TableBox>
      ) : (
        <div className="grid gap-6">
          {query.data.noticeEndpoints.map((endpoint) => (
            <EndpointPanel key={endpoint.id} endpoint={endpoint} kinds={query.data.noticeKinds} ask={setAsked} />
          ))}
        </div>
      )}
      {asked && query.data && <Dialogs asked={asked} kinds={query.data.noticeKinds} onClose={() => setAsked(null)} />}
    </>
  );
}

function Dialogs({ asked: { about, endpoint }, kinds, onClose }: { asked: Asked; kinds: Kind[]; onClose: () => void }) {
  if (about === "edit" || !endpoint) return <EditEndpoint endpoint={endpoint} kinds={kinds} onClose={onClose} />;
  if (about === "rotate") return <RotateSecret endpoint={endpoint} onClose={onClose} />;
  return <RemoveEndpoint endpoint={endpoint} onClose={onClose} />;
}

type PanelProps = { endpoint: Endpoint; kinds: Kind[]; ask: (asked: Asked) => void };

function EndpointPanel({ endpoint, kinds, ask }: PanelProps) {
  const client = useQueryClient();
  const toast = useToast();
  const test = useMutation({
    mutationFn: () => request(TestNoticeEndpointDocument, { id: endpoint.id }),
    onSuccess: () => {
      void changed(client, "notices");
      toast("A test is being sent.");
    },
    onError: (error) => toast(error.message),
  });
  const enable = useMutation({
    mutationFn: (enabled: boolean) => request(UpdateNoticeEndpointDocument, { id: endpoint.id, input: { enabled } }),
    onSuccess: (_, enabled) => {
      void changed(client, "notices");
      toast(enabled ? "The endpoint is enabled." : "The endpoint is disabled.");
    },
    onError: (error) => toast(error.message),
  });
  const items: MenuItem[] = [
    { label: "Change…", onSelect: () => ask({ about: "edit", endpoint }) },
    { label: "New secret…", onSelect: () => ask({ about: "rotate", endpoint }) },
    { label: endpoint.enabled ? "Disable" : "Enable", onSelect: () => enable.mutate(!endpoint.enabled) },
    { label: "Remove…", danger: true, onSelect: () => ask({ about: "remove", endpoint }) },
  ];
  return (
    <Panel
      title={<span className="wrap-anywhere">{endpoint.description || endpoint.url}</span>}
      action={
        <>
          <State endpoint={endpoint} />
          {endpoint.enabled && (
            <Button busy={test.isPending} onClick={() => test.mutate()}>
              Send a test
            </Button>
          )}
          <RowMenu label={`Actions of ${endpoint.description || endpoint.url}`} items={items} />
        </>
      }
    >
      <p className="text-muted wrap-anywhere">
        {endpoint.description && <>{endpoint.url} · </>}
        {told(endpoint, kinds)}
        {endpoint.previousSecretEndsAt && new Date(endpoint.previousSecretEndsAt) > new Date() && (
          <>
            {" "}
            · The secret before fits until <Time at={endpoint.previousSecretEndsAt} long />
          </>
        )}
      </p>
      {endpoint.disabledReason && (
        <Callout tone="danger">
          <p>{endpoint.disabledReason} Enable it once it is mended.</p>
        </Callout>
      )}
      <Deliveries endpoint={endpoint} />
    </Panel>
  );
}

function told(endpoint: Endpoint, kinds: Kind[]): string {
  if (endpoint.kinds.length === 0) return "Told of everything";
  const known = kinds.filter(({ name }) => endpoint.kinds.includes(name));
  return `Told of ${known.map(({ name }) => name).join(", ")}`;
}

function State({ endpoint: { enabled, failingSince, deliveredAt } }: { endpoint: Endpoint }) {
  if (!enabled) return <Badge tone="danger">Disabled</Badge>;
  if (failingSince) {
    return (
      <Badge tone="warn">
        Failing since <Time at={failingSince} />
      </Badge>
    );
  }
  return deliveredAt ? <Badge tone="good">Takes notices</Badge> : <Badge>Nothing sent yet</Badge>;
}
