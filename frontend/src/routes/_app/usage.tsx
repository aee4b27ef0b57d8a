import { createFileRoute } from "@tanstack/react-router";
import { type Days, readDays } from "../../features/usage/period";
import { usageQuery } from "../../features/usage/queries";
import { UsagePage } from "../../features/usage/usage-page";
import { present } from "../../lib/search";

export const Route = createFileRoute("/_app/usage")({
  validateSearch: (search): { days?: Days } => present({ days: readDays(search.days) }),
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => void context.client.prefetchQuery(usageQuery(deps.days ?? 30)),
  component: UsagePage,
});
