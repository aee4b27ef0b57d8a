import { createFileRoute } from "@tanstack/react-router";
import { AccountPage } from "../../features/account/account-page";

export const Route = createFileRoute("/_app/account")({
  /** problem: why linking the sign-in service led nowhere. */
  validateSearch: (search): { problem?: string } =>
    typeof search.problem === "string" ? { problem: search.problem } : {},
  component: AccountPage,
});
