import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Badge } from "../../components/badge";
import { LoadMore } from "../../components/load-more";
import { LoadError } from "../../components/page";
import { Time } from "../../components/time";
import { Button } from "../../components/ui/button";
import { useToast } from "../../components/ui/toast";
import { ResendNoticeDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { rowsOf } from "../../lib/connection";
import { request } from "../../lib/graphql";
import { count } from "../../lib/time";
import { type Delivery, deliveriesQuery, type Endpoint, isSoon } from "./queries";

/** What was sent to an endpoint, each with its request and answer. */
export function Deliveries({ endpoint }: { endpoint: Endpoint }) {
  const query = useInfiniteQuery(deliveriesQuery(endpoint.id));
  if (query.isPending) return <p className="text-muted">Loading deliveries</p>;
  if (query.isError) return <LoadError error={query.error} retry={() => query.refetch()} />;
  const deliveries = rowsOf<Delivery>(query.data.pages);
  if (deliveries.length === 0) return <p className="text-muted">Nothing was sent in the last 30 days.</p>;
  return (
    <div>
      <ul className="grid rounded-md border border-line">
        {deliveries.map((delivery) => (
          <li key={delivery.id} className="border-line border-t first:border-0">
            <Entry delivery={delivery} enabled={endpoint.enabled} />
          </li>
        ))}
      </ul>
      <LoadMore query={query} />
    </div>
  );
}

function Entry({ delivery, enabled }: { delivery: Delivery; enabled: boolean }) {
  const client = useQueryClient();
  const toast = useToast();
  const resend = useMutation({
    mutationFn: () => request(ResendNoticeDocument, { id: delivery.id }),
    onSuccess: () => {
      void changed(client, "notices");
      toast("It is being sent again.");
    },
    onError: (error) => toast(error.message),
  });
  return (
    <details>
      <summary className="flex min-h-11 cursor-pointer flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2">
        <code>{delivery.kind}</code>
        <Outcome delivery={delivery} />
        <span className="ml-auto text-[13px] text-muted">
          <Time at={delivery.createdAt} />
        </span>
      </summary>
      <div className="grid min-w-0 gap-3 px-3 pb-4">
        <p className="text-[13px] text-muted wrap-anywhere">
          {count(delivery.attempts, "attempt")}
          {delivery.attemptedAt && (
            <>
              , the last <Time at={delivery.attemptedAt} />
            </>
          )}
          {delivery.tookMs != null && <> in {delivery.tookMs} ms</>}
          {delivery.nextAt && <>, the next {isSoon(delivery) ? "soon" : <Time at={delivery.nextAt} />}</>}
        </p>
        {delivery.error && <p className="text-danger wrap-anywhere">{delivery.error}</p>}
        <Text title="Request" text={`webhook-id: ${delivery.noticeId}\n\n${pretty(delivery.body)}`} />
        {delivery.answerStatus != null && (
          <Text title={`Answer ${delivery.answerStatus}`} text={delivery.answer || "Nothing beside its status."} />
        )}
        {enabled && delivery.status !== "PENDING" && (
          <Button className="w-fit" busy={resend.isPending} onClick={() => resend.mutate()}>
            Send again
          </Button>
        )}
      </div>
    </details>
  );
}

function Text({ title, text }: { title: string; text: string }) {
  return (
    <div className="min-w-0">
      <p className="text-[13px] text-muted">{title}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard */}
      <pre tabIndex={0} className="mono max-h-64 overflow-auto rounded-md bg-soft p-3 text-[13px]">
        {text}
      </pre>
    </div>
  );
}

/** JSON with line breaks; what is none as it is. */
function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

function Outcome({ delivery: { status, answerStatus } }: { delivery: Delivery }) {
  if (status === "DELIVERED") return <Badge tone="good">Delivered {answerStatus}</Badge>;
  if (status === "FAILED") return <Badge tone="danger">Given up</Badge>;
  return <Badge tone="warn">{answerStatus ? `Answered ${answerStatus}, tried again` : "On its way"}</Badge>;
}
