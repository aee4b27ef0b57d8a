import { Field, Input } from "../../components/ui/field";

type Props = { value: string; error?: string; onChange: (value: string) => void };

/** The password again, before what a stolen session must not do. */
export function PasswordField({ value, error, onChange }: Props) {
  return (
    <Field label="Your password" error={error}>
      {(ids) => (
        <Input
          {...ids}
          type="password"
          autoComplete="current-password"
          value={value}
          onChange={({ target }) => onChange(target.value)}
        />
      )}
    </Field>
  );
}

/** A code of the second factor. */
export function CodeField({ value, error, onChange }: Props) {
  return (
    <Field label="Code" help="Of your authenticator app, or a recovery code." error={error}>
      {(ids) => (
        <Input
          {...ids}
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
