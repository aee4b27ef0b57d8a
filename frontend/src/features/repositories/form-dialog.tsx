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
  type DistMode,
  type RepositoryType,
  UpdateRepositoryDocument,
} from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import { CheckSource } from "./check";
import { CredentialFields } from "./credential-fields";
import { credentialFor, type FormField, formFields, formOf, inputOf, nameOf, type Typed, wrong } from "./form";
import type { Repository } from "./queries";

/** What an address of a kind looks like. */
const examples: Record<string, string> = {
  COMPOSER: "Such as https://packages.example.org.",
  VCS: "Such as https://github.com/acme/lib.git or git@github.com:acme/lib.git.",
};

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

type Props = {
  repository?: Repository;
  /** The field that somebody is here to change. */
  field?: FormField;
  onClose: () => void;
};

/** Adds a repository, or changes one. */
export function RepositoryDialog({ repository, field, onClose }: Props) {
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
  const submit = useSubmit(mutation, { fields: formFields, check: () => wrong(form), send: () => mutation.mutate() });
  const { errors } = submit;
  return (
    <Dialog
      open
      field={field}
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
                name="url"
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
            <Input
              {...ids}
              required
              name="name"
              value={form.name}
              onChange={({ target }) => set({ name: target.value })}
            />
          )}
        </Field>
        {!uploads && (
          <>
            <CredentialFields form={form} set={set} error={errors.credential} stored={repository?.credential} />
            <CheckSource form={form} repository={repository?.id} />
          </>
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
                name="paths"
                value={form.paths}
                onChange={({ target }) => set({ paths: target.value })}
              />
            )}
          </Field>
        )}
        {repository?.type === "COMPOSER" && (
          <Field
            label="Packed from"
            help="Hosts, one a line, besides its own: versions that only have a git source there get archives made by this server. Empty: its own host alone."
            error={errors.packFrom}
          >
            {(ids) => (
              <Textarea
                {...ids}
                rows={3}
                spellCheck={false}
                name="packFrom"
                value={form.packFrom}
                onChange={({ target }) => set({ packFrom: target.value })}
              />
            )}
          </Field>
        )}
        {repository && repository.hostKeys.length > 0 && (
          <Checkbox
            name="forgetHostKeys"
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
              name="packages"
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
            <Textarea
              {...ids}
              rows={2}
              name="owns"
              value={form.owns}
              onChange={({ target }) => set({ owns: target.value })}
            />
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
              name="priority"
              value={form.priority}
              onChange={({ target }) => set({ priority: target.value })}
            />
          )}
        </Field>
        {!uploads && <Taking form={form} set={set} errors={errors} />}
      </Form>
    </Dialog>
  );
}

type TakingProps = { form: Typed; set: (change: Partial<Typed>) => void; errors: Record<string, string> };

/** How releases and archives of a source are taken. */
function Taking({ form, set, errors }: TakingProps) {
  return (
    <>
      <Field
        label="Archives"
        help={
          form.mode === "REWRITE"
            ? "Clients get them from this server alone, also while the source is down."
            : "Clients get them from this server, and after any error from the source, which they must be able to reach. Blocks, cooldowns and limits of tokens do not hold: what is refused here is fetched there."
        }
      >
        {(ids) => (
          <Select
            {...ids}
            name="distMode"
            value={form.mode}
            onChange={({ target }) => set({ mode: target.value as DistMode })}
          >
            <option value="REWRITE">Rewrite: this server alone</option>
            <option value="MIRROR">Mirror: the source as a fallback</option>
          </Select>
        )}
      </Field>
      <Field
        label="Cooldown, in days"
        help="Releases that this server first saw fewer days ago are held back, so that a hijacked one is found before it is installed. 0: none are."
        error={errors.cooldownDays}
      >
        {(ids) => (
          <Input
            {...ids}
            type="number"
            inputMode="numeric"
            min={0}
            max={365}
            required
            name="cooldownDays"
            value={form.cooldown}
            onChange={({ target }) => set({ cooldown: target.value })}
          />
        )}
      </Field>
      {form.cooldown.trim() !== "0" && (
        <Field
          label="Not held back"
          help="Patterns of packages whose releases are offered at once, one a line."
          error={errors.cooldownExceptions}
        >
          {(ids) => (
            <Textarea
              {...ids}
              rows={2}
              name="cooldownExceptions"
              value={form.exceptions}
              onChange={({ target }) => set({ exceptions: target.value })}
            />
          )}
        </Field>
      )}
    </>
  );
}
