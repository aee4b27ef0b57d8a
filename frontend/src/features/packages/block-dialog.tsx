import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { Button } from "../../components/ui/button";
import { Dialog } from "../../components/ui/dialog";
import { Field, Input, Textarea } from "../../components/ui/field";
import { Form, useSubmit } from "../../components/ui/form";
import { useToast } from "../../components/ui/toast";
import { BlockVersionsDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";

const fields = ["package", "versions", "reason", "link"] as const;

type Props = {
  /** The package; left out, it is asked for. */
  name?: string;
  version: string;
  onClose: () => void;
};

/** Asks which versions are blocked, and why. */
export function BlockDialog({ name, version, onClose }: Props) {
  const id = useId();
  const client = useQueryClient();
  const toast = useToast();
  const [form, setForm] = useState({ package: name ?? "", versions: version, reason: "", link: "" });
  const mutation = useMutation<unknown, Error, void>({
    mutationFn: () =>
      request(BlockVersionsDocument, {
        input: {
          package: form.package.trim(),
          versions: form.versions.trim() || null,
          reason: form.reason.trim(),
          link: form.link.trim() || null,
        },
      }),
    gcTime: 0,
    onSuccess: () => {
      void changed(client, "versions");
      toast(`${form.package} ${form.versions} is blocked.`);
      onClose();
    },
  });
  const submit = useSubmit(mutation, { fields, check: () => ({}), send: () => mutation.mutate() });
  const { errors } = submit;
  return (
    <Dialog
      open
      onClose={onClose}
      title={name ? `Block versions of ${name}` : "Block versions"}
      description="They are no longer offered, and refused to lock files that name them. Composer prints the reason."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="danger" type="submit" form={id} busy={mutation.isPending}>
            Block
          </Button>
        </>
      }
    >
      <Form id={id} {...submit.form}>
        {name === undefined && (
          <Field label="Package" help="A name, or a pattern such as acme/*." error={errors.package}>
            {(ids) => (
              <Input
                {...ids}
                required
                spellCheck={false}
                value={form.package}
                onChange={({ target }) => setForm((now) => ({ ...now, package: target.value }))}
              />
            )}
          </Field>
        )}
        <Field
          label="Versions"
          help="A version, or a constraint such as >=1.2 <1.2.5. Empty: all."
          error={errors.versions}
        >
          {(ids) => (
            <Input
              {...ids}
              value={form.versions}
              onChange={({ target }) => setForm((now) => ({ ...now, versions: target.value }))}
            />
          )}
        </Field>
        <Field label="Reason" help="For the person at the terminal." error={errors.reason}>
          {(ids) => (
            <Textarea
              {...ids}
              rows={2}
              required
              value={form.reason}
              onChange={({ target }) => setForm((now) => ({ ...now, reason: target.value }))}
            />
          )}
        </Field>
        <Field label="Link" help="An address with more about it; may be left out." error={errors.link}>
          {(ids) => (
            <Input
              {...ids}
              type="url"
              value={form.link}
              onChange={({ target }) => setForm((now) => ({ ...now, link: target.value }))}
            />
          )}
        </Field>
      </Form>
    </Dialog>
  );
}
