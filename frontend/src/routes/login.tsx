import { useQueryClient } from "@tanstack/react-query";
import { createFileRoute, Link, redirect, useNavigate } from "@tanstack/react-router";
import { CredentialsForm, OutsidePage } from "../features/account/form";
import { serverQuery, signIn } from "../features/account/queries";
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
  const client = useQueryClient();
  const done = () => {
    client.clear();
    return navigate({ to: safeNext(next) });
  };
  return (
    <OutsidePage title="Sign in" text={next ? "Sign in to continue." : "Manage access tokens and repositories."}>
      <CredentialsForm action="Sign in" busy="Signing in" submit={signIn} done={done} />
      <p className="text-muted">
        You have an access token and no account?{" "}
        <Link to="/access" className="text-accent underline">
          See what it is
        </Link>
      </p>
    </OutsidePage>
  );
}
