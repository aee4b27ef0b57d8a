import { createFileRoute } from "@tanstack/react-router";
import { repositoryQuery } from "../../features/repositories/queries";
import { RepositoryPage } from "../../features/repositories/repository-page";

export const Route = createFileRoute("/_app/repositories/$id")({
  loader: ({ context, params }) => void context.client.prefetchQuery(repositoryQuery(params.id)),
  component: RepositoryPage,
});
