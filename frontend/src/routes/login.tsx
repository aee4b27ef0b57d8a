import { createFileRoute, redirect, useNavigate } from "@tanstack/react-router";
import { CredentialsForm } from "../features/account/form";
import { serverQuery } from "../features/account/queries";
import { SignInDocument } from "../gql/graphql";
import { request } from "../lib/graphql";
import { safeNext } from "../lib/query";

export const Route = createFileRoute("/login")({
  validateSearch: (search): { next?: string } => (search.next ? { next: safeNext(search.next) } : {}),
  beforeLoad: async ({ context }) => {
    const server = await context.client.ensureQueryData(serverQuery).catch(() => null);
    if (server?.setupRequired) throw redirect({ to: "/setup" });
  },
  component: Login,
});

function Login() {
  const { next } = Route.useSearch();
  const navigate = useNavigate();
  return (
    <CredentialsForm
      title="Sign in"
      text={next ? "Sign in to continue." : "Manage access tokens and repositories."}
      action="Sign in"
      busy="Signing in"
      submit={(input) => request(SignInDocument, { input })}
      done={() => navigate({ to: safeNext(next) })}
    />
  );
}
