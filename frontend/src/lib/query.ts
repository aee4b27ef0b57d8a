import { MutationCache, QueryCache, QueryClient, queryOptions, skipToken } from "@tanstack/react-query";
import { ApiError } from "./graphql";

/** The path to come back to after signing in: only one of this server. */
export function safeNext(next: unknown): string {
  const here = typeof next === "string" && /^\/(?![/\\])/.test(next) && URL.parse(next, location.origin);
  return here && here.origin === location.origin ? String(next) : "/"; // a browser drops tabs and line ends
}

/** Whether the server has said meanwhile that the session ended. */
export const endedQuery = queryOptions({
  queryKey: ["session ended"],
  queryFn: skipToken,
  initialData: false,
  staleTime: Number.POSITIVE_INFINITY,
});

/** The cache of server state. It keeps also that the session ended, whatever was asked when the server said so. */
export function newQueryClient(): QueryClient {
  const onError = (error: Error) => {
    if (!(error instanceof ApiError)) return;
    if (error.code === "UNAUTHENTICATED") client.setQueryData(endedQuery.queryKey, true);
    if (error.code === "FORBIDDEN") void client.invalidateQueries({ queryKey: ["viewer"] }); // another role by now
  };
  const client = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: (failures, error) => error instanceof ApiError && error.code === "NETWORK" && failures < 3,
      },
    },
  });
  return client;
}
