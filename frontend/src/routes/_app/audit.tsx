import { createFileRoute } from "@tanstack/react-router";
import { AuditPage } from "../../features/audit/audit-page";
import { auditQuery } from "../../features/audit/queries";
import { readSearch } from "../../features/audit/search";

export const Route = createFileRoute("/_app/audit")({
  validateSearch: readSearch,
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => void context.client.prefetchInfiniteQuery(auditQuery(deps)),
  component: AuditPage,
});
