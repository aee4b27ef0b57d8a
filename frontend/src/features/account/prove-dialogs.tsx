import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { Button } from "../../components/ui/button";
import { Dialog } from "../../components/ui/dialog";
import { Form, useSubmit } from "../../components/ui/form";
import { useToast } from "../../components/ui/toast";
import { DisableTotpDocument, RenewRecoveryCodesDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import { CodeField, PasswordField } from "./prove-fields";
import { RecoveryCodes } from "./recovery-codes";

/** Switches the second factor off. */
export function SwitchOff({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const toast = useToast();
  return (
    <Prove
      title="Switch the second factor off?"
      text="Your password alone then signs you in. Your other sessions end."
      action="Switch off"
      danger
      send={(proof) => request(DisableTotpDocument, proof)}
      done={() => {
        void changed(client, "people");
        toast("The second factor is off.");
        onClose();
      }}
      onClose={onClose}
    />
  );
}

/** Makes new recovery codes and shows them. */
export function NewRecoveryCodes({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [codes, setCodes] = useState<string[] | null>(null);
  if (codes) return <RecoveryCodes codes={codes} onClose={onClose} />;
  return (
    <Prove
      title="Make new recovery codes?"
      text="Those before no longer work."
      action="Make new codes"
      send={async (proof) => (await request(RenewRecoveryCodesDocument, proof)).renewRecoveryCodes.recoveryCodes}
      done={(made) => {
        void changed(client, "people");
        setCodes(made);
      }}
      onClose={onClose}
    />
  );
}

type ProveProps<Result> = {
  title: string;
  text: string;
  action: string;
  danger?: boolean;
  send: (proof: { password: string; code: string }) => Promise<Result>;
  done: (result: Result) => void;
  onClose: () => void;
};

/** Asks for the password and a code before something is done. */
function Prove<Result>({ title, text, action, danger, send, done, onClose }: ProveProps<Result>) {
  const id = useId();
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const mutation = useMutation({ mutationFn: () => send({ password, code }), gcTime: 0, onSuccess: done });
  const { form, errors } = useSubmit(mutation, { fields: ["password", "code"], send: () => mutation.mutate() });
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
        <PasswordField value={password} error={errors.password} onChange={setPassword} />
        <CodeField value={code} error={errors.code} onChange={setCode} />
      </Form>
    </Dialog>
  );
}
