import { useQueryClient } from "@tanstack/react-query";
import { createFileRoute, Link, redirect, useNavigate } from "@tanstack/react-router";
import { Callout } from "../components/panel";
import { CredentialsForm, OutsidePage } from "../features/account/form";
import { OtherWays } from "../features/account/other-ways";
import { problemText } from "../features/account/problems";
import { serverQuery, signIn } from "../features/account/queries";
import { safeNext } from "../lib/query";

export const Route = createFileRoute("/login")({
  /** problem: why the sign-in service led nowhere. */
  validateSearch: (search): { next?: string; problem?: string } => ({
    ...(search.next ? { next: safeNext(search.next) } : {}),
    ...(typeof search.problem === "string" ? { problem: search.problem } : {}),
  }),
  beforeLoad: async ({ context }) => {
    const server = await context.client.ensureQueryData(serverQuery).catch(() => null);
    if (server?.setupRequired) throw redirect({ to: "/setup" });
  },
  component: Login,
});

function Login() {
  const { next, problem } = Route.useSearch();
  const navigate = useNavigate();
  const client = useQueryClient();
  const done = () => {
    client.clear();
    return navigate({ to: safeNext(next) });
  };
  return (
    <OutsidePage title="Sign in" text={next ? "Sign in to continue." : "Manage access tokens and repositories."}>
      {problem && (
        <Callout tone="danger">
          <p role="alert">{problemText(problem)}</p>
        </Callout>
      )}
      <OtherWays next={next} done={done} />
      <CredentialsForm action="Sign in" busy="Signing in" submit={signIn} done={done} passkey={done} />
      <p className="text-muted">
        You have an access token and no account?{" "}
        <Link to="/access" className="text-accent underline">
          See what it is
        </Link>
      </p>
    </OutsidePage>
  );
}
