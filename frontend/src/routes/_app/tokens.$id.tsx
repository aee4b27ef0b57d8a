import { createFileRoute } from "@tanstack/react-router";
import { tokenQuery } from "../../features/tokens/queries";
import { TokenPage } from "../../features/tokens/token-page";
import { type Days, readDays } from "../../features/usage/period";
import { present } from "../../lib/search";

export const Route = createFileRoute("/_app/tokens/$id")({
  validateSearch: (search): { days?: Days; explain?: string } =>
    present({
      days: readDays(search.days),
      explain: typeof search.explain === "string" ? search.explain.slice(0, 500) : undefined,
    }),
  loader: ({ context, params }) => void context.client.prefetchQuery(tokenQuery(params.id)),
  component: TokenPage,
});
