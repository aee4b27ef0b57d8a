import { createFileRoute, redirect } from "@tanstack/react-router";
import { Shell } from "../components/shell";
import { serverQuery, viewerQuery } from "../features/account/queries";
import { ApiError } from "../lib/graphql";

export const Route = createFileRoute("/_app")({
  // A loader, and not beforeLoad: the page below is asked for at the same time.
  loader: async ({ context, location }) => {
    try {
      const { client } = context;
      const [viewer] = await Promise.all([client.ensureQueryData(viewerQuery), client.ensureQueryData(serverQuery)]);
      if (viewer.secondFactorMissing) throw redirect({ to: "/second-factor" });
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "UNAUTHENTICATED") throw error;
      const server = await context.client.ensureQueryData(serverQuery);
      if (server.setupRequired) throw redirect({ to: "/setup" });
      throw redirect({ to: "/login", search: location.href === "/" ? {} : { next: location.href } });
    }
  },
  component: Shell,
  errorComponent: ({ error, reset }) => (
    <main className="grid min-h-dvh content-center justify-items-center gap-4 px-4 text-center">
      <h1 className="font-semibold text-xl">The server does not answer</h1>
      <p role="alert" className="text-muted">
        {error instanceof Error ? error.message : "Try again in a moment."}
      </p>
      <button type="button" className="font-medium text-accent underline" onClick={reset}>
        Try again
      </button>
    </main>
  ),
});
