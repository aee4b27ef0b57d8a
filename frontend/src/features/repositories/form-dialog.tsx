import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { Button } from "../../components/ui/button";
import { Checkbox } from "../../components/ui/checkbox";
import { Dialog } from "../../components/ui/dialog";
import { Field, Input, RadioCards, Select, Textarea } from "../../components/ui/field";
import { Form, useSubmit } from "../../components/ui/form";
import { useToast } from "../../components/ui/toast";
import {
  CreateRepositoryDocument,
  type CredentialType,
  type RepositoryType,
  UpdateRepositoryDocument,
} from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import { words } from "../tokens/form";
import type { Repository } from "./queries";

type Typed = {
  type: RepositoryType;
  name: string;
  url: string;
  credential: CredentialType | "KEEP";
  username: string;
  secret: string;
  header: string;
  packages: string;
  owns: string;
  paths: string;
  priority: string;
  forgetHostKeys: boolean;
};

function formOf(repository?: Repository): Typed {
  return {
    type: repository?.type ?? "COMPOSER",
    name: repository?.name ?? "",
    url: repository?.url ?? "",
    credential: repository ? "KEEP" : "NONE",
    username: "",
    secret: "",
    header: "",
    packages: repository?.packages.join("\n") ?? "",
    owns: repository?.owns.join("\n") ?? "",
    paths: repository?.paths?.join("\n") ?? "",
    priority: String(repository?.priority ?? 100),
    forgetHostKeys: false,
  };
}

/** A name that fits the address, while none was chosen: the host, and of a git repository its own name. */
export function nameOf(address: string, type: RepositoryType = "COMPOSER"): string {
  const slug = (text: string) =>
    text
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-|-$/g, "");
  if (type === "VCS") return slug(/([^/:]+?)(\.git)?\/*$/.exec(address.trim())?.[1] ?? "").slice(0, 64);
  try {
    return slug(new URL(address).hostname);
  } catch {
    return "";
  }
}

/** Whether git asks an address over ssh. */
export function isSSH(address: string): boolean {
  return /^ssh:\/\//.test(address.trim()) || (/^[\w.-]+@[\w.-]+:/.test(address.trim()) && !address.includes("://"));
}

/** What an address of a kind looks like. */
const examples: Record<string, string> = {
  COMPOSER: "Such as https://packages.example.org.",
  VCS: "Such as https://github.com/acme/lib.git or git@github.com:acme/lib.git.",
};

function inputOf(form: Typed, before?: Repository) {
  const { credential: type, username, secret, header } = form;
  const source = {
    url: form.url.trim(),
    credential: type === "KEEP" ? undefined : { type, username, secret, header },
  };
  const git = form.type === "VCS" ? { paths: words(form.paths) } : {};
  return {
    ...git,
    ...(before && form.forgetHostKeys ? { forgetHostKeys: true } : {}),
    name: form.name.trim(),
    packages: words(form.packages),
    owns: words(form.owns),
    priority: Number(form.priority),
    ...(form.type === "ARTIFACT" ? {} : source),
  };
}

/** The kinds of repositories that can be added, each with what it is for. */
const kinds: { value: RepositoryType; title: string; text: string }[] = [
  {
    value: "COMPOSER",
    title: "Composer repository",
    text: "Another server's packages, such as https://repo.packagist.org or a Satis.",
  },
  {
    value: "VCS",
    title: "Git repository",
    text: "Its branches and tags are versions, as Composer reads them, such as https://github.com/acme/lib.git.",
  },
  {
    value: "ARTIFACT",
    title: "Uploads",
    text: "Zip archives that people and pipelines send here, such as a bought plugin.",
  },
];

/** What the form itself can tell is wrong, by field. */
function wrong({ priority }: Typed): Record<string, string> {
  return /^\d{1,7}$/.test(priority.trim()) ? {} : { priority: "A whole number between 0 and 1000000." };
}

const fields = ["type", "name", "url", "credential", "paths", "packages", "owns", "priority"] as const;

/** Adds a repository, or changes one. */
export function RepositoryDialog({ repository, onClose }: { repository?: Repository; onClose: () => void }) {
  const id = useId();
  const toast = useToast();
  const client = useQueryClient();
  const [form, setForm] = useState(() => formOf(repository));
  const set = (change: Partial<Typed>) => setForm((now) => ({ ...now, ...change }));
  const mutation = useMutation<unknown, Error, void>({
    mutationFn: () =>
      repository
        ? request(UpdateRepositoryDocument, { id: repository.id, input: inputOf(form, repository) })
        : request(CreateRepositoryDocument, { input: { ...inputOf(form), type: form.type } }),
    gcTime: 0,
    onSuccess: () => {
      void changed(client, "repositories");
      toast(repository ? `“${form.name}” was changed.` : `“${form.name}” was added. ${next}`);
      onClose();
    },
  });
  const uploads = form.type === "ARTIFACT";
  const next = uploads ? "Archives can be uploaded on its page." : "Its first sync has started.";
  const submit = useSubmit(mutation, { fields, check: () => wrong(form), send: () => mutation.mutate() });
  const { errors } = submit;
  return (
    <Dialog
      open
      onClose={onClose}
      title={repository ? "Edit repository" : "Add repository"}
      description={
        uploads
          ? "Archives that are uploaded to this server, which offers them as packages."
          : "A source whose packages this server offers."
      }
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form={id} busy={mutation.isPending}>
            {repository ? "Save" : "Add"}
          </Button>
        </>
      }
    >
      <Form id={id} {...submit.form}>
        {!repository && (
          <RadioCards
            legend="Kind"
            name={`${id}-kind`}
            value={form.type}
            choices={kinds}
            onChange={(type) => set({ type, credential: "NONE" })}
          />
        )}
        {!uploads && (
          <Field label="URL" help={examples[form.type]} error={errors.url}>
            {(ids) => (
              <Input
                {...ids}
                type={form.type === "VCS" ? "text" : "url"}
                spellCheck={false}
                required
                value={form.url}
                onChange={({ target }) =>
                  set({
                    url: target.value,
                    ...(form.name === nameOf(form.url, form.type) && !repository
                      ? { name: nameOf(target.value, form.type) }
                      : {}),
                    ...credentialFor(form, target.value),
                  })
                }
              />
            )}
          </Field>
        )}
        <Field label="Name" help="a to z, 0 to 9 and -." error={errors.name}>
          {(ids) => (
            <Input {...ids} required value={form.name} onChange={({ target }) => set({ name: target.value })} />
          )}
        </Field>
        {!uploads && (
          <CredentialFields form={form} set={set} error={errors.credential} stored={repository?.credential} />
        )}
        {form.type === "VCS" && (
          <Field
            label="Paths"
            help="For several packages in one repository, one path a line, such as packages/*. Empty: the package at the top."
            error={errors.paths}
          >
            {(ids) => (
              <Textarea
                {...ids}
                rows={2}
                spellCheck={false}
                value={form.paths}
                onChange={({ target }) => set({ paths: target.value })}
              />
            )}
          </Field>
        )}
        {repository && repository.hostKeys.length > 0 && (
          <Checkbox
            label="Forget the pinned key of its host: the next sync trusts the one shown then"
            checked={form.forgetHostKeys}
            onChange={(forgetHostKeys) => set({ forgetHostKeys })}
          />
        )}
        <Field
          label="Only these packages"
          help={`Patterns, one a line. Empty: ${uploads ? "whatever is uploaded" : "all it has"}.`}
          error={errors.packages}
        >
          {(ids) => (
            <Textarea
              {...ids}
              rows={2}
              value={form.packages}
              onChange={({ target }) => set({ packages: target.value })}
            />
          )}
        </Field>
        <Field
          label="Owns"
          help="Patterns, such as acme/*, that no other repository may ever answer for."
          error={errors.owns}
        >
          {(ids) => (
            <Textarea {...ids} rows={2} value={form.owns} onChange={({ target }) => set({ owns: target.value })} />
          )}
        </Field>
        <Field label="Priority" help="Lower is asked first for a name that nobody owns." error={errors.priority}>
          {(ids) => (
            <Input
              {...ids}
              type="number"
              inputMode="numeric"
              min={0}
              max={1_000_000}
              required
              value={form.priority}
              onChange={({ target }) => set({ priority: target.value })}
            />
          )}
        </Field>
      </Form>
    </Dialog>
  );
}

/** An SSH key is for addresses of ssh, and the others for the others. */
function credentialFor(form: Typed, address: string): Partial<Typed> {
  if (form.type !== "VCS" || form.credential === "KEEP" || form.credential === "NONE") return {};
  return isSSH(address) === (form.credential === "SSH_KEY") ? {} : { credential: "NONE" };
}

/** The credentials that a kind of address takes. */
function credentialsOf(form: Typed): [CredentialType, string][] {
  if (form.type === "VCS" && isSSH(form.url)) return [["SSH_KEY", "SSH key"]];
  const all: [CredentialType, string][] = [
    ["HTTP_BASIC", "HTTP Basic"],
    ["BEARER", "Bearer token"],
    ["HEADER", "Header"],
  ];
  if (form.type !== "VCS") return all;
  return [
    ["GITHUB", "GitHub token"],
    ["GITLAB", "GitLab token"],
    ["BITBUCKET", "Bitbucket access token"],
    ["GITEA", "Gitea or Forgejo token"],
    ...all,
  ];
}

type CredentialProps = { form: Typed; set: (change: Partial<Typed>) => void; error?: string; stored?: CredentialType };

function CredentialFields({ form, set, error, stored }: CredentialProps) {
  return (
    <fieldset className="grid gap-3">
      <legend className="sr-only">Credential</legend>
      <Field label="Credential" help="Stored encrypted, sent to this address only, never shown." error={error}>
        {(ids) => (
          <Select
            {...ids}
            value={form.credential}
            onChange={({ target }) => set({ credential: target.value as Typed["credential"] })}
          >
            {stored && (
              <option value="KEEP">{stored === "NONE" ? "None, as it is" : "Saved. Choose one to replace it."}</option>
            )}
            <option value="NONE">None</option>
            {credentialsOf(form).map(([value, name]) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {form.credential === "HTTP_BASIC" && (
        <Field label="User name">
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
        <Field label="Private key" help="Without a passphrase, made for this repository: ssh-keygen -t ed25519 -N ''.">
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
      {form.credential !== "NONE" && form.credential !== "KEEP" && form.credential !== "SSH_KEY" && (
        <Field label={form.credential === "HTTP_BASIC" ? "Password" : "Secret"}>
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
