import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { later } from "../../components/later";
import { Button } from "../../components/ui/button";
import { Field, Input } from "../../components/ui/field";
import { Form, useSubmit } from "../../components/ui/form";
import { type Credentials, isAboutCode } from "./queries";

const PasskeyButton = later(async () => (await import("./other-ways")).PasskeyButton);

type FormProps<Result> = {
  action: string;
  busy: string;
  /** The address that is there to begin with. */
  email?: string;
  newPassword?: boolean;
  submit: (credentials: Credentials) => Promise<Result>;
  done: (result: Result) => unknown;
  /** What follows a passkey as the second factor, which proves a person by their id; left out: none is offered. */
  passkey?: (id: string) => unknown;
};

/** E-mail and password, for signing in and for the first owner; then the code, of who has a second factor. */
export function CredentialsForm<Result>({
  action,
  busy,
  newPassword,
  submit,
  done,
  passkey,
  ...props
}: FormProps<Result>) {
  const [email, setEmail] = useState(props.email ?? "");
  const [password, setPassword] = useState("");
  const [totp, setTotp] = useState<string>(); // undefined until it is asked for
  const mutation = useMutation({ mutationFn: submit, gcTime: 0, onSuccess: done });
  const asked = totp !== undefined;
  const { form, errors } = useSubmit(mutation, {
    fields: ["email", "password", "totp"],
    send: () => mutation.mutate({ email, password, totp }, { onError: askForCode }),
  });
  const askForCode = (error: Error) => {
    if (asked || !isAboutCode(error)) return;
    mutation.reset();
    setTotp("");
  };
  const again = () => {
    setTotp(undefined);
    setPassword("");
    mutation.reset();
  };
  return (
    <Form {...form} className="gap-4">
      {asked ? (
        <CodeField value={totp} error={errors.totp} onChange={setTotp} />
      ) : (
        <>
          <Field label="Email" error={errors.email}>
            {(ids) => (
              <Input
                {...ids}
                type="email"
                autoComplete="username"
                required
                value={email}
                onChange={(event) => setEmail(event.target.value)}
              />
            )}
          </Field>
          <Field label="Password" help={newPassword ? passwordHelp : undefined} error={errors.password}>
            {(ids) => (
              <Input
                {...ids}
                type="password"
                autoComplete={newPassword ? "new-password" : "current-password"}
                required
                value={password}
                onChange={(event) => setPassword(event.target.value)}
              />
            )}
          </Field>
        </>
      )}
      <Button type="submit" kind="primary" busy={mutation.isPending} className="min-h-11">
        {mutation.isPending ? busy : action}
      </Button>
      {asked && passkey && <PasskeyButton label="Use a passkey" after={{ email, password }} done={passkey} />}
      {asked && (
        <Button kind="ghost" onClick={again}>
          Sign in as somebody else
        </Button>
      )}
    </Form>
  );
}

export const passwordHelp = "At least 12 characters.";

/** The second step: the code of the app, or a recovery code. It has the focus when it is asked for. */
function CodeField({ value, error, onChange }: { value: string; error?: string; onChange: (value: string) => void }) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <Field
      label="Code"
      help="The one that your authenticator app shows now. Without the app, one of your recovery codes."
      error={error}
    >
      {(ids) => (
        <Input
          {...ids}
          ref={field}
          autoComplete="one-time-code"
          autoCapitalize="off"
          spellCheck={false}
          value={value}
          onChange={({ target }) => onChange(target.value)}
        />
      )}
    </Field>
  );
}

/** A page for who is not signed in. */
export function OutsidePage({ title, text, children }: { title: string; text: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Package broker`;
  }, [title]);
  return (
    <main className="mx-auto grid min-h-dvh w-full max-w-sm content-center gap-6 px-4 py-10">
      <div>
        <p className="mb-6 font-semibold text-muted">Package broker</p>
        <h1 className="font-semibold text-xl">{title}</h1>
        <p className="text-muted">{text}</p>
      </div>
      {children}
    </main>
  );
}
