import { createFileRoute } from "@tanstack/react-router";
import { tokensQuery } from "../../features/tokens/queries";
import { readSearch } from "../../features/tokens/search";
import { TokensPage } from "../../features/tokens/tokens-page";

export const Route = createFileRoute("/_app/tokens/")({
  validateSearch: readSearch,
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => void context.client.prefetchInfiniteQuery(tokensQuery(deps)),
  component: TokensPage,
});
