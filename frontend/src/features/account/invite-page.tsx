import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { Time } from "../../components/time";
import { Button, buttonClass } from "../../components/ui/button";
import { Field, Input } from "../../components/ui/field";
import { Form, useSubmit } from "../../components/ui/form";
import { AcceptByOpenIdDocument, AcceptInvitationDocument, type InvitationQuery } from "../../gql/graphql";
import { takeCode } from "../../lib/code";
import { request } from "../../lib/graphql";
import { roleName } from "../people/queries";
import { OutsidePage, passwordHelp } from "./form";
import { invitationQuery, serverQuery } from "./queries";

/** Where the link of an invitation leads. */
export function InvitePage() {
  const [code] = useState(takeCode);
  const { data: invitation, error, isPending } = useQuery(invitationQuery(code));
  const { data: server, isPending: unknown } = useQuery(serverQuery);
  if (isPending || unknown) return null;
  if (!invitation) {
    return (
      <OutsidePage
        title="This invitation has ended"
        text={error?.message ?? "It was used, taken back or is too old. Ask an owner for a new one."}
      >
        <Link to="/login" className={buttonClass()}>
          Sign in
        </Link>
      </OutsidePage>
    );
  }
  const byPassword = server?.passwords !== false || invitation.role === "OWNER";
  return (
    <OutsidePage
      title="You are invited"
      text={
        <>
          As {invitation.email}, {roleName(invitation.role)}, until <Time at={invitation.endsAt} long />.
        </>
      }
    >
      {byPassword && <Accept code={code} invitation={invitation} />}
      {server?.signInService && <AcceptWithService code={code} name={server.signInService} alone={!byPassword} />}
    </OutsidePage>
  );
}

type ServiceProps = { code: string; name: string; alone: boolean };

/** Accepts with the sign-in service in place of a password; alone: passwords are for others. */
function AcceptWithService({ code, name, alone }: ServiceProps) {
  const mutation = useMutation({
    mutationFn: async () => location.assign((await request(AcceptByOpenIdDocument, { code })).acceptInvitationByOpenId),
    gcTime: 0,
  });
  return (
    <div className="grid gap-3">
      {!alone && <p className="text-center text-[13px] text-muted">or without a password</p>}
      <Button
        kind={alone ? "primary" : "secondary"}
        className="min-h-11"
        busy={mutation.isPending}
        onClick={() => mutation.mutate()}
      >
        Accept with {name}
      </Button>
      <p role="alert" className={mutation.error ? "text-danger" : "sr-only"}>
        {mutation.error?.message}
      </p>
    </div>
  );
}

type AcceptProps = { code: string; invitation: NonNullable<InvitationQuery["invitation"]> };

function Accept({ code, invitation }: AcceptProps) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const client = useQueryClient();
  const navigate = useNavigate();
  const mutation = useMutation({
    mutationFn: () => request(AcceptInvitationDocument, { input: { code, name, password } }),
    gcTime: 0,
    onSuccess: () => {
      client.clear();
      return navigate({ to: "/" });
    },
  });
  const { form, errors } = useSubmit(mutation, {
    fields: ["name", "password"],
    check: (): Record<string, string> => (password === again ? {} : { again: "The two passwords differ." }),
    send: () => mutation.mutate(),
  });
  return (
    <Form {...form} className="gap-4">
      <input type="hidden" autoComplete="username" value={invitation.email} />
      <Field label="Your name" help="May be left empty." error={errors.name}>
        {(ids) => <Input {...ids} autoComplete="name" value={name} onChange={({ target }) => setName(target.value)} />}
      </Field>
      <Field label="Password" help={passwordHelp} error={errors.password}>
        {(ids) => (
          <Input
            {...ids}
            type="password"
            autoComplete="new-password"
            value={password}
            onChange={({ target }) => setPassword(target.value)}
          />
        )}
      </Field>
      <Field label="Password again" error={errors.again}>
        {(ids) => (
          <Input
            {...ids}
            type="password"
            autoComplete="new-password"
            value={again}
            onChange={({ target }) => setAgain(target.value)}
          />
        )}
      </Field>
      <Button type="submit" kind="primary" busy={mutation.isPending} className="min-h-11">
        {mutation.isPending ? "Signing in" : "Accept and sign in"}
      </Button>
    </Form>
  );
}
