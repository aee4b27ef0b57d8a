import { Field, Input, Select, Textarea } from "../../components/ui/field";
import type { CredentialType } from "../../gql/graphql";
import { credentialNames, credentialsOf, type Typed } from "./form";

type CredentialProps = { form: Typed; set: (change: Partial<Typed>) => void; error?: string; stored?: CredentialType };

/** The credentials that have, or may have, a user name. */
const named: Typed["credential"][] = ["HTTP_BASIC", "GITLAB", "BITBUCKET", "GITEA"];

/** The credential of a source: it is written, and never shown. */
export function CredentialFields({ form, set, error, stored }: CredentialProps) {
  const typed = form.credential !== "NONE" && form.credential !== "KEEP";
  return (
    <fieldset className="grid gap-3">
      <legend className="sr-only">Credential</legend>
      <Field
        label="Credential"
        help={
          form.credential === "KEEP" && stored !== "NONE"
            ? "Saved. Enter a new one to replace it."
            : "Stored encrypted, sent to this address only, never shown."
        }
        error={typed ? undefined : error}
      >
        {(ids) => (
          <Select
            {...ids}
            name="credential"
            value={form.credential}
            onChange={({ target }) => set({ credential: target.value as Typed["credential"] })}
          >
            {stored && <option value="KEEP">{stored === "NONE" ? "None, as it is" : "Saved"}</option>}
            <option value="NONE">None</option>
            {credentialsOf(form).map((value) => (
              <option key={value} value={value}>
                {credentialNames[value]}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {named.includes(form.credential) && (
        <Field
          label={form.credential === "HTTP_BASIC" ? "User name" : "User name (optional)"}
          help={
            form.credential === "HTTP_BASIC" ? undefined : "Of a deploy token or an app password; empty for others."
          }
        >
          {(ids) => (
            <Input
              {...ids}
              autoComplete="off"
              value={form.username}
              onChange={({ target }) => set({ username: target.value })}
            />
          )}
        </Field>
      )}
      {form.credential === "HEADER" && (
        <Field label="Header's name">
          {(ids) => (
            <Input
              {...ids}
              autoComplete="off"
              placeholder="X-Api-Key"
              value={form.header}
              onChange={({ target }) => set({ header: target.value })}
            />
          )}
        </Field>
      )}
      {form.credential === "SSH_KEY" && (
        <Field
          label="Private key"
          help="Without a passphrase, made for this repository: ssh-keygen -t ed25519 -N ''."
          error={error}
        >
          {(ids) => (
            <Textarea
              {...ids}
              rows={4}
              spellCheck={false}
              autoComplete="off"
              className="font-mono text-xs"
              placeholder="-----BEGIN OPENSSH PRIVATE KEY-----"
              value={form.secret}
              onChange={({ target }) => set({ secret: target.value })}
            />
          )}
        </Field>
      )}
      {typed && form.credential !== "SSH_KEY" && (
        <Field label={form.credential === "HTTP_BASIC" ? "Password" : "Secret"} error={error}>
          {(ids) => (
            <Input
              {...ids}
              type="password"
              autoComplete="new-password"
              value={form.secret}
              onChange={({ target }) => set({ secret: target.value })}
            />
          )}
        </Field>
      )}
    </fieldset>
  );
}
