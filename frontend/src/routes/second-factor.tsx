import { createFileRoute, redirect } from "@tanstack/react-router";
import { viewerQuery } from "../features/account/queries";
import { SecondFactorPage } from "../features/account/second-factor-page";

export const Route = createFileRoute("/second-factor")({
  beforeLoad: async ({ context }) => {
    const viewer = await context.client.fetchQuery({ ...viewerQuery, staleTime: 0 }).catch(() => null);
    if (!viewer) throw redirect({ to: "/login" });
    if (!viewer.secondFactorMissing) throw redirect({ to: "/" });
  },
  component: SecondFactorPage,
});
