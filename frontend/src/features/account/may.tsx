import { useSuspenseQuery } from "@tanstack/react-query";
import { Callout } from "../../components/panel";
import type { Action } from "../../gql/graphql";
import { viewerQuery } from "./queries";

/** Whether who has signed in may do something, as the server decides it. */
export function useMay(action: Action): boolean {
  return useSuspenseQuery(viewerQuery).data.may.includes(action);
}

/** Why who has signed in may not do something, in the server's words; undefined where they may. */
export function useWhyNot(action: Action): string | undefined {
  return useSuspenseQuery(viewerQuery).data.mayNot.find((one) => one.action === action)?.why;
}

/** Says why who has signed in may not do what an address leads to; nothing where they may. */
export function MayNot({ action }: { action: Action }) {
  const why = useWhyNot(action);
  if (!why) return null;
  return (
    <Callout tone="plain">
      <p role="status">{why}</p>
    </Callout>
  );
}
