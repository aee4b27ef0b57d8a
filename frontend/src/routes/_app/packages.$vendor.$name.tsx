import { createFileRoute } from "@tanstack/react-router";
import { PackagePage } from "../../features/packages/package-page";
import { packageQuery } from "../../features/packages/queries";
import { present, text } from "../../lib/search";

export const Route = createFileRoute("/_app/packages/$vendor/$name")({
  validateSearch: (search): { v?: string; who?: string } => present({ v: text(search.v), who: text(search.who) }),
  loader: ({ context, params }) => void context.client.prefetchQuery(packageQuery(`${params.vendor}/${params.name}`)),
  component: PackagePage,
});
