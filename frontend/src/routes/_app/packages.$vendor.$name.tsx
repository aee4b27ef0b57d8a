import { createFileRoute } from "@tanstack/react-router";
import { PackagePage } from "../../features/packages/package-page";
import { packageQuery } from "../../features/packages/queries";

export const Route = createFileRoute("/_app/packages/$vendor/$name")({
  validateSearch: (search): { v?: string } => (typeof search.v === "string" ? { v: search.v } : {}),
  loader: ({ context, params }) => void context.client.prefetchQuery(packageQuery(`${params.vendor}/${params.name}`)),
  component: PackagePage,
});
