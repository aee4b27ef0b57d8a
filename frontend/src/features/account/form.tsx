import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { Button } from "../../components/ui/button";
import { Field, FormError, Input } from "../../components/ui/field";
import { fieldErrors } from "../../lib/graphql";

type Credentials = { email: string; password: string };
type Props = {
  title: string;
  text: ReactNode;
  action: string;
  busy: string;
  newPassword?: boolean;
  submit: (credentials: Credentials) => Promise<unknown>;
  done: () => void;
};

/** E-mail and password, for signing in and for the first owner. */
export function CredentialsForm({ title, text, action, busy, newPassword, submit, done }: Props) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const client = useQueryClient();
  const mutation = useMutation({
    mutationFn: submit,
    onSuccess: () => {
      client.clear();
      done();
    },
  });
  const errors = fieldErrors(mutation.error, ["email", "password"]);
  useEffect(() => {
    document.title = `${title} · Package broker`;
  }, [title]);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    if (!mutation.isPending) mutation.mutate({ email, password });
  };
  return (
    <main className="mx-auto grid min-h-dvh w-full max-w-sm content-center gap-6 px-4 py-10">
      <div>
        <p className="mb-6 font-semibold text-muted">Package broker</p>
        <h1 className="font-semibold text-xl">{title}</h1>
        <p className="text-muted">{text}</p>
      </div>
      <form onSubmit={onSubmit} className="grid gap-4" noValidate>
        <FormError message={errors.form} />
        <Field label="Email" error={errors.fields.email}>
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
        <Field
          label="Password"
          help={newPassword ? "At least 12 characters." : undefined}
          error={errors.fields.password}
        >
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
        <Button type="submit" kind="primary" busy={mutation.isPending} className="min-h-11">
          {mutation.isPending ? busy : action}
        </Button>
      </form>
    </main>
  );
}
