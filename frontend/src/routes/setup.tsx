import { useQueryClient } from "@tanstack/react-query";
import { createFileRoute, redirect, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { CredentialsForm, OutsidePage } from "../features/account/form";
import { serverQuery } from "../features/account/queries";
import { SetupDocument } from "../gql/graphql";
import { takeCode } from "../lib/code";
import { request } from "../lib/graphql";

export const Route = createFileRoute("/setup")({
  beforeLoad: async ({ context }) => {
    const server = await context.client.fetchQuery({ ...serverQuery, staleTime: 0 }).catch(() => null);
    if (server && !server.setupRequired) throw redirect({ to: "/login" });
  },
  component: Setup,
});

function Setup() {
  const [code] = useState(takeCode);
  const navigate = useNavigate();
  const client = useQueryClient();
  const done = () => {
    client.clear();
    return navigate({ to: "/" });
  };
  return (
    <OutsidePage
      title="Set up this server"
      text={
        code
          ? "Make the first owner. Others can be added later."
          : "Open the link that the server printed when it started: it ends in a one-time code."
      }
    >
      <CredentialsForm
        action="Create owner"
        busy="Creating"
        newPassword
        submit={({ email, password }) => request(SetupDocument, { input: { code, email, password } })}
        done={done}
      />
    </OutsidePage>
  );
}
