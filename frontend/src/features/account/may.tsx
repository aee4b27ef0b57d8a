import { useSuspenseQuery } from "@tanstack/react-query";
import { Callout } from "../../components/panel";
import type { Action } from "../../gql/graphql";
import { viewerQuery } from "./queries";

/** Whether who has signed in may do something, as the server decides it. */
export function useMay(action: Action): boolean {
  return useSuspenseQuery(viewerQuery).data.may.includes(action);
}

/** Why who has signed in may not do what an address leads to; nothing where they may. */
export function MayNot({ action }: { action: Action }) {
  const { data: viewer } = useSuspenseQuery(viewerQuery);
  const denial = viewer.mayNot.find((one) => one.action === action);
  if (!denial) return null;
  return (
    <Callout tone="plain">
      <p role="status">{denial.why}</p>
    </Callout>
  );
}
