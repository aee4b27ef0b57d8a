import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, Link, Outlet } from "@tanstack/react-router";
import { buttonClass } from "../components/ui/button";

export const Route = createRootRouteWithContext<{ client: QueryClient }>()({
  component: Outlet,
  notFoundComponent: NotFound,
});

function NotFound() {
  return (
    <main className="mx-auto grid min-h-dvh max-w-md content-center justify-items-start gap-4 px-4">
      <h1 className="font-semibold text-xl">There is no page here</h1>
      <p className="text-muted">The address may be mistyped, or what it showed was removed.</p>
      <Link to="/" className={buttonClass("primary")}>
        Go to the overview
      </Link>
    </main>
  );
}
