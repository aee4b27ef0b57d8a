import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { vi } from "vitest";
import { ToastProvider } from "../src/components/ui/toast";

type Body = { query: string; variables: Record<string, unknown> };
type Answer = { data: unknown } | { errors: { message: string; extensions: { code: string; field?: string } }[] };

/** A refusal of the server. */
export const refusal = (code: string, message: string): Answer => ({ errors: [{ message, extensions: { code } }] });

/** Stands in for the server: answers each operation by its name, and keeps the variables of every call. */
export function stubApi(answers: Record<string, (variables: Record<string, unknown>) => Answer>) {
  const calls: { name: string; variables: Record<string, unknown> }[] = [];
  vi.stubGlobal("fetch", async (_: string, init: RequestInit) => {
    const { query, variables } = JSON.parse(String(init.body)) as Body;
    const name = /(?:query|mutation) (\w+)/.exec(query)?.[1] ?? "";
    calls.push({ name, variables });
    const answer = answers[name];
    if (!answer) throw new Error(`nothing answers ${name}`);
    return Response.json(answer(variables));
  });
  return { callsOf: (name: string) => calls.filter((call) => call.name === name).map(({ variables }) => variables) };
}

/** Shows a part of the dashboard with an empty cache. */
export function show(part: ReactNode) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const view = render(
    <QueryClientProvider client={client}>
      <ToastProvider>{part}</ToastProvider>
    </QueryClientProvider>,
  );
  return { ...view, client };
}

/** Shows a part that has links to other pages. */
export function showRouted(component: () => ReactNode) {
  const router = createRouter({ routeTree: createRootRoute({ component }), history: createMemoryHistory() });
  return show(<RouterProvider router={router as never} />);
}
