import { useMutation } from "@tanstack/react-query";
import { ShieldCheck } from "lucide-react";
import { Callout } from "../../components/panel";
import { Button } from "../../components/ui/button";
import { AuditCheckDocument } from "../../gql/graphql";
import { request } from "../../lib/graphql";
import { count } from "../../lib/time";

/** Reads the whole chain when it is asked to, and tells whether anything was changed or removed. */
export function useChainCheck() {
  const { mutate, isPending, data, error } = useMutation({
    mutationFn: async () => (await request(AuditCheckDocument)).auditCheck,
  });
  const button = (
    <Button busy={isPending} onClick={() => mutate()}>
      <ShieldCheck size={15} aria-hidden /> {isPending ? "Checking" : "Check the chain"}
    </Button>
  );
  const result = (
    <div role="status" className={data || error ? "mb-4" : ""}>
      {error && <Callout tone="danger">{error.message}</Callout>}
      {data?.ok && (
        <p className="rounded-md bg-good-soft px-4 py-2.5 text-good">
          The chain is whole: {count(data.checked, "event")}.
        </p>
      )}
      {data && !data.ok && (
        <Callout tone="danger">
          <p className="font-medium">The chain is broken, after {count(data.checked, "event")} that are whole.</p>
          <p>{data.problem}</p>
        </Callout>
      )}
    </div>
  );
  return { button, result };
}
