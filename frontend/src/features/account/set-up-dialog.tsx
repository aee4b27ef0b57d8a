import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { CopyBox } from "../../components/copy-box";
import { Button } from "../../components/ui/button";
import { Dialog } from "../../components/ui/dialog";
import { Field, Input } from "../../components/ui/field";
import { Form, useSubmit } from "../../components/ui/form";
import { ConfirmTotpDocument, StartTotpDocument, type StartTotpMutation } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import { PasswordField } from "./prove-fields";
import { RecoveryCodes } from "./recovery-codes";

type Setup = StartTotpMutation["startTotp"];

/** Sets a second factor up: the password, then the app, then the recovery codes. */
export function SetUpTotp({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [setup, setSetup] = useState<Setup | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  if (codes) {
    const close = () => {
      void changed(client, "people");
      onClose();
    };
    return <RecoveryCodes codes={codes} onClose={close} />;
  }
  if (setup) return <ScanStep setup={setup} done={setCodes} onClose={onClose} />;
  return <PasswordStep done={setSetup} onClose={onClose} />;
}

function PasswordStep({ done, onClose }: { done: (setup: Setup) => void; onClose: () => void }) {
  const id = useId();
  const [password, setPassword] = useState("");
  const mutation = useMutation({
    mutationFn: async () => (await request(StartTotpDocument, { password })).startTotp,
    gcTime: 0,
    onSuccess: done,
  });
  const { form, errors } = useSubmit(mutation, { fields: ["password"], send: () => mutation.mutate() });
  return (
    <Dialog
      open
      onClose={onClose}
      title="Set up a second factor"
      description="You need an authenticator app on your phone, or a password manager that has one."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form={id} busy={mutation.isPending}>
            Continue
          </Button>
        </>
      }
    >
      <Form id={id} {...form}>
        <PasswordField value={password} error={errors.password} onChange={setPassword} />
      </Form>
    </Dialog>
  );
}

type ScanProps = { setup: Setup; done: (codes: string[]) => void; onClose: () => void };

function ScanStep({ setup, done, onClose }: ScanProps) {
  const id = useId();
  const [code, setCode] = useState("");
  const mutation = useMutation({
    mutationFn: async () => (await request(ConfirmTotpDocument, { code })).confirmTotp.recoveryCodes,
    gcTime: 0,
    onSuccess: done,
  });
  const { form, errors } = useSubmit(mutation, { fields: ["code"], send: () => mutation.mutate() });
  return (
    <Dialog
      open
      onClose={onClose}
      title="Scan this with your app"
      description="Or type the key into it."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form={id} busy={mutation.isPending}>
            {mutation.isPending ? "Switching on" : "Switch on"}
          </Button>
        </>
      }
    >
      <QRCode size={setup.qrSize} path={setup.qrPath} />
      <CopyBox text={setup.secret} shown={inFours(setup.secret)} label="Copy the key" />
      <Form id={id} {...form}>
        <Field label="Code" help="The six digits that the app shows now. Your other sessions end." error={errors.code}>
          {(ids) => (
            <Input
              {...ids}
              inputMode="numeric"
              autoComplete="one-time-code"
              className="max-w-40"
              value={code}
              onChange={({ target }) => setCode(target.value)}
            />
          )}
        </Field>
      </Form>
    </Dialog>
  );
}

const inFours = (key: string): string => key.replaceAll(/(.{4})(?=.)/g, "$1 ");

/** Dark on white in both themes, with the quiet zone around it that readers need. */
function QRCode({ size, path }: { size: number; path: string }) {
  const whole = size + 8;
  return (
    <svg
      role="img"
      aria-label="QR code with the key"
      viewBox={`-4 -4 ${whole} ${whole}`}
      shapeRendering="crispEdges"
      className="mx-auto size-52 rounded-md border border-line"
    >
      <rect x="-4" y="-4" width={whole} height={whole} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
