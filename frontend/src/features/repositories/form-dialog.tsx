import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { Button } from "../../components/ui/button";
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
  priority: string;
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
    priority: String(repository?.priority ?? 100),
  };
}

/** A name that fits the address, while none was chosen. */
export function nameOf(url: string): string {
  try {
    return new URL(url).hostname
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-|-$/g, "");
  } catch {
    return "";
  }
}

function inputOf(form: Typed) {
  const { credential: type, username, secret, header } = form;
  const source = {
    url: form.url.trim(),
    credential: type === "KEEP" ? undefined : { type, username, secret, header },
  };
  return {
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
    value: "ARTIFACT",
    title: "Uploads",
    text: "Zip archives that people and pipelines send here, such as a bought plugin.",
  },
];

/** What the form itself can tell is wrong, by field. */
function wrong({ priority }: Typed): Record<string, string> {
  return /^\d{1,7}$/.test(priority.trim()) ? {} : { priority: "A whole number between 0 and 1000000." };
}

const fields = ["name", "url", "credential", "packages", "owns", "priority"] as const;

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
        ? request(UpdateRepositoryDocument, { id: repository.id, input: inputOf(form) })
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
          : "A Composer repository whose packages this server offers."
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
            onChange={(type) => set({ type })}
          />
        )}
        {!uploads && (
          <Field label="URL" help="Such as https://packages.example.org." error={errors.url}>
            {(ids) => (
              <Input
                {...ids}
                type="url"
                required
                value={form.url}
                onChange={({ target }) =>
                  set({
                    url: target.value,
                    ...(form.name === nameOf(form.url) && !repository ? { name: nameOf(target.value) } : {}),
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
            <option value="HTTP_BASIC">HTTP Basic</option>
            <option value="BEARER">Bearer token</option>
            <option value="HEADER">Header</option>
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
      {form.credential !== "NONE" && form.credential !== "KEEP" && (
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
