import { createFileRoute } from "@tanstack/react-router";
import { PackagesPage } from "../../features/packages/packages-page";
import { packagesQuery, readSearch } from "../../features/packages/queries";

export const Route = createFileRoute("/_app/packages/")({
  validateSearch: readSearch,
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => void context.client.prefetchInfiniteQuery(packagesQuery(deps)),
  component: PackagesPage,
});
