import { createFileRoute } from "@tanstack/react-router";
import { DecidedPage } from "../../features/decided/decided-page";
import { blockedQuery, readDecided, versionsQuery } from "../../features/decided/queries";

export const Route = createFileRoute("/_app/versions")({
  validateSearch: readDecided,
  loaderDeps: ({ search }) => search,
  loader: ({ context: { client }, deps }) => {
    const { state, repository } = deps;
    if (state === "blocked") void client.prefetchInfiniteQuery(blockedQuery);
    else void client.prefetchInfiniteQuery(versionsQuery(state ?? "changed", repository));
  },
  component: DecidedPage,
});
