import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useId, useState } from "react";
import { Button } from "../../components/ui/button";
import { Dialog } from "../../components/ui/dialog";
import { Field, Input } from "../../components/ui/field";
import { Form, useSubmit } from "../../components/ui/form";
import { useToast } from "../../components/ui/toast";
import { LinkOpenIdDocument, RemovePasskeyDocument, UnlinkOpenIdDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import { makePasskey, type Proof } from "./passkey";
import { CodeField, PasswordField } from "./prove-fields";
import type { Account } from "./queries";

type DialogProps = { account: Pick<Account, "hasPassword" | "totpEnabled">; onClose: () => void };

/** Makes a passkey, with the password. */
export function AddPasskey({ account, onClose }: DialogProps) {
  const [name, setName] = useState("");
  return (
    <WithPassword
      account={account}
      title="Add a passkey"
      text="Your browser then asks where to keep it. Your other sessions end."
      action="Continue"
      send={(proof) => makePasskey(proof, name)}
      done="The passkey was added."
      onClose={onClose}
    >
      <Field label="Name" help="What you know it by, such as Phone or Blue key.">
        {(ids) => <Input {...ids} maxLength={100} value={name} onChange={({ target }) => setName(target.value)} />}
      </Field>
    </WithPassword>
  );
}

/** Takes a passkey away, with the password. */
export function RemovePasskey({ account, passkey, onClose }: DialogProps & { passkey: Account["passkeys"][number] }) {
  return (
    <WithPassword
      account={account}
      title={`Remove the passkey ${passkey.name}?`}
      text="It no longer signs you in. Your other sessions end."
      action="Remove"
      danger
      send={(proof) => request(RemovePasskeyDocument, { id: passkey.id, ...proof })}
      done="The passkey was removed."
      onClose={onClose}
    />
  );
}

/** Leads to the sign-in service, which says whose account there it is. */
export function LinkService({ account, name, onClose }: DialogProps & { name: string }) {
  return (
    <WithPassword
      account={account}
      title={`Sign in with ${name} as well?`}
      text="You are led there, and come back. Your other sessions end."
      action="Continue"
      send={async (proof) => location.assign((await request(LinkOpenIdDocument, proof)).linkOpenId)}
      onClose={onClose}
    />
  );
}

/** Ends that somebody signs in with the sign-in service. */
export function UnlinkService({ account, id, name, onClose }: DialogProps & { id: string; name: string }) {
  return (
    <WithPassword
      account={account}
      title={`No longer sign in with ${name}?`}
      text="Your account there no longer signs you in here. Your other sessions end."
      action="End it"
      danger
      send={(proof) => request(UnlinkOpenIdDocument, { id, ...proof })}
      done="It no longer signs you in."
      onClose={onClose}
    />
  );
}

type Props = DialogProps & {
  title: string;
  text: string;
  action: string;
  danger?: boolean;
  send: (proof: Proof) => Promise<unknown>;
  /** What is said afterwards; where the browser leaves the page, nothing. */
  done?: string;
  children?: ReactNode;
};

/** Asks for the password before something is done, and for a code of who has an app; of who has no password, only that they signed in just now. */
function WithPassword({ account, title, text, action, danger, send, done, children, onClose }: Props) {
  const id = useId();
  const client = useQueryClient();
  const toast = useToast();
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const mutation = useMutation({
    mutationFn: () => send(account.totpEnabled ? { password, code } : { password }),
    gcTime: 0,
    onSuccess: () => {
      if (!done) return;
      void changed(client, "people");
      toast(done);
      onClose();
    },
  });
  const { form, errors } = useSubmit(mutation, {
    fields: [...(account.hasPassword ? ["password"] : []), ...(account.totpEnabled ? ["code"] : [])],
    send: () => mutation.mutate(),
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      description={text}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind={danger ? "danger" : "primary"} type="submit" form={id} busy={mutation.isPending}>
            {action}
          </Button>
        </>
      }
    >
      <Form id={id} {...form}>
        {children}
        {account.hasPassword ? (
          <PasswordField value={password} error={errors.password} onChange={setPassword} />
        ) : (
          <p className="text-muted">You must have signed in within ten minutes.</p>
        )}
        {account.totpEnabled && <CodeField value={code} error={errors.code} onChange={setCode} />}
      </Form>
    </Dialog>
  );
}
