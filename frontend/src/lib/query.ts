import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiError } from "./graphql";

/** The path to come back to after signing in: only one of this server. */
export function safeNext(next: unknown): string {
  const here = typeof next === "string" && /^\/(?![/\\])/.test(next) && URL.parse(next, location.origin);
  return here && here.origin === location.origin ? String(next) : "/"; // a browser drops tabs and line ends
}

/** The cache of server state. Whoever is no longer signed in is sent to the sign-in page, and back after it. */
export function newQueryClient(signIn: () => void): QueryClient {
  const onError = (error: Error) => {
    if (error instanceof ApiError && error.code === "UNAUTHENTICATED" && !/^\/(login|setup)/.test(location.pathname)) {
      signIn();
    }
  };
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: (failures, error) => error instanceof ApiError && error.code === "NETWORK" && failures < 3,
      },
    },
  });
}
