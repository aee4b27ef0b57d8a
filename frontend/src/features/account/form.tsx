import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { Button } from "../../components/ui/button";
import { Field, Input } from "../../components/ui/field";
import { Form, useSubmit } from "../../components/ui/form";
import type { Credentials } from "./queries";

type FormProps<Result> = {
  action: string;
  busy: string;
  /** The address that is there to begin with. */
  email?: string;
  newPassword?: boolean;
  submit: (credentials: Credentials) => Promise<Result>;
  done: (result: Result) => unknown;
};

/** E-mail and password, for signing in and for the first owner. */
export function CredentialsForm<Result>({ action, busy, newPassword, submit, done, ...props }: FormProps<Result>) {
  const [email, setEmail] = useState(props.email ?? "");
  const [password, setPassword] = useState("");
  const mutation = useMutation({ mutationFn: submit, gcTime: 0, onSuccess: done });
  const { form, errors } = useSubmit(mutation, {
    fields: ["email", "password"],
    send: () => mutation.mutate({ email, password }),
  });
  return (
    <Form {...form} className="gap-4">
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
      <Field label="Password" help={newPassword ? "At least 12 characters." : undefined} error={errors.password}>
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
    </Form>
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
