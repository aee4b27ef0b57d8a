import { createFileRoute } from "@tanstack/react-router";
import { OverviewPage, overviewQuery } from "../../features/overview/overview-page";

export const Route = createFileRoute("/_app/")({
  loader: ({ context }) => void context.client.prefetchQuery(overviewQuery),
  component: OverviewPage,
});
