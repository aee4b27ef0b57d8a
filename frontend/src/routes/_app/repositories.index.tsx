import { createFileRoute } from "@tanstack/react-router";
import { repositoriesQuery } from "../../features/repositories/queries";
import { RepositoriesPage } from "../../features/repositories/repositories-page";

export const Route = createFileRoute("/_app/repositories/")({
  validateSearch: (search): { new?: 1 } => (String(search.new) === "1" ? { new: 1 } : {}),
  loader: ({ context }) => void context.client.prefetchQuery(repositoriesQuery),
  component: RepositoriesPage,
});
