import { createFileRoute } from "@tanstack/react-router";
import { tokenQuery } from "../../features/tokens/queries";
import { TokenPage } from "../../features/tokens/token-page";
import { type Days, readDays } from "../../features/usage/period";
import { present } from "../../lib/search";

export const Route = createFileRoute("/_app/tokens/$id")({
  validateSearch: (search): { days?: Days } => present({ days: readDays(search.days) }),
  loader: ({ context, params }) => void context.client.prefetchQuery(tokenQuery(params.id)),
  component: TokenPage,
});
