import { createFileRoute } from "@tanstack/react-router";
import { affectedQuery, writtenQuery } from "../../features/advisories/queries";
import { DecidedPage } from "../../features/decided/decided-page";
import { blockedQuery, readDecided, versionsQuery } from "../../features/decided/queries";

export const Route = createFileRoute("/_app/versions")({
  validateSearch: readDecided,
  loaderDeps: ({ search }) => search,
  loader: ({ context: { client }, deps }) => {
    const { state, repository } = deps;
    if (state === "blocked") void client.prefetchInfiniteQuery(blockedQuery);
    else if (state === "advisories") void client.prefetchInfiniteQuery(writtenQuery());
    else if (state === "affected") void client.prefetchInfiniteQuery(affectedQuery({}));
    else void client.prefetchInfiniteQuery(versionsQuery(state ?? "changed", repository));
  },
  component: DecidedPage,
});
