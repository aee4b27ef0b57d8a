import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { CopyBox } from "../../components/copy-box";
import { Callout } from "../../components/panel";
import { Time } from "../../components/time";
import { Button } from "../../components/ui/button";
import { Confirm, Dialog } from "../../components/ui/dialog";
import { Field, Input, RadioCards } from "../../components/ui/field";
import { Form, useSubmit } from "../../components/ui/form";
import { type InvitationMail, InviteUserDocument, RenewInvitationDocument, type Role } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import { type Person, roles } from "./queries";

type Invited = { link: string; mail: InvitationMail; user: Person };

/** Invites somebody, or with again makes a new link for who was invited, and shows the link this once. */
export function InvitePerson({ again, onClose }: { again?: Person; onClose: () => void }) {
  const [invited, setInvited] = useState<Invited | null>(null);
  if (invited) return <Link invited={invited} onClose={onClose} />;
  if (again) return <NewLink person={again} done={setInvited} onClose={onClose} />;
  return <Invite done={setInvited} onClose={onClose} />;
}

function Invite({ done, onClose }: { done: (invited: Invited) => void; onClose: () => void }) {
  const id = useId();
  const client = useQueryClient();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("VIEWER");
  const mutation = useMutation({
    mutationFn: async () => (await request(InviteUserDocument, { input: { email, role } })).inviteUser,
    gcTime: 0,
    onSuccess: (invited) => {
      void changed(client, "people");
      done(invited);
    },
  });
  const submit = useSubmit(mutation, { fields: ["email"], send: () => mutation.mutate() });
  return (
    <Dialog
      open
      onClose={onClose}
      title="Invite somebody"
      description="They get a link from you, and choose their name and password."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form={id} busy={mutation.isPending}>
            {mutation.isPending ? "Inviting" : "Invite"}
          </Button>
        </>
      }
    >
      <Form id={id} {...submit.form}>
        <Field label="Email" help="They sign in with it." error={submit.errors.email}>
          {(ids) => (
            <Input
              {...ids}
              type="email"
              autoComplete="off"
              value={email}
              onChange={({ target }) => setEmail(target.value)}
            />
          )}
        </Field>
        <RadioCards legend="Role" name="role" value={role} choices={roles} onChange={setRole} />
      </Form>
    </Dialog>
  );
}

type NewLinkProps = { person: Person; done: (invited: Invited) => void; onClose: () => void };

function NewLink({ person, done, onClose }: NewLinkProps) {
  const client = useQueryClient();
  const mutation = useMutation({
    mutationFn: async () => (await request(RenewInvitationDocument, { id: person.id })).renewInvitation,
    gcTime: 0,
    onSuccess: (invited) => {
      void changed(client, "people");
      done(invited);
    },
  });
  return (
    <Confirm
      open
      onClose={onClose}
      title={`Make a new link for ${person.email}?`}
      keep="Cancel"
      action="Make a new link"
      busy={mutation.isPending}
      onConfirm={() => mutation.mutate()}
      error={mutation.error?.message}
    >
      <p>The link before no longer works.</p>
    </Confirm>
  );
}

function Link({ invited: { link, mail, user }, onClose }: { invited: Invited; onClose: () => void }) {
  return (
    <Dialog
      open
      onClose={onClose}
      title={mail === "SENT" ? "The link was sent" : "Send this link"}
      description={
        mail === "SENT"
          ? `By mail to ${user.email}. You may send it another way, too: this is the only time we show it.`
          : `To ${user.email}. This is the only time we show it.`
      }
      footer={
        <Button kind="primary" onClick={onClose}>
          Done
        </Button>
      }
    >
      {mail === "FAILED" && (
        <Callout>
          <p>It could not be sent by mail. The server's log says why.</p>
        </Callout>
      )}
      <CopyBox text={link} label="Copy the link" />
      <p className="text-muted">
        It works once, until {user.invitationEndsAt && <Time at={user.invitationEndsAt} long />}. Whoever has it becomes
        this person: send it to nobody else. You can make a new one, or take it back, in the list of people.
      </p>
    </Dialog>
  );
}
