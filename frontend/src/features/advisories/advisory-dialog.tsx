import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { Button } from "../../components/ui/button";
import { Dialog } from "../../components/ui/dialog";
import { Field, Input, Select } from "../../components/ui/field";
import { Form, useSubmit } from "../../components/ui/form";
import { useToast } from "../../components/ui/toast";
import { CreateAdvisoryDocument, UpdateAdvisoryDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import { type Advisory, severities } from "./queries";

const fields = ["package", "affectedVersions", "title", "cve", "link", "severity"] as const;
type Name = (typeof fields)[number];

type Props = {
  /** The package; left out, it is asked for. */
  name?: string;
  /** The advisory to change; left out, one is written. */
  advisory?: Advisory;
  onClose: () => void;
};

/** Asks which versions have a weakness, and which. */
export function AdvisoryDialog({ name, advisory, onClose }: Props) {
  const id = useId();
  const client = useQueryClient();
  const toast = useToast();
  const [form, setForm] = useState({
    package: advisory?.package ?? name ?? "",
    affectedVersions: advisory?.affectedVersions ?? "",
    title: advisory?.title ?? "",
    cve: advisory?.cve ?? "",
    link: advisory?.link ?? "",
    severity: advisory?.severity ?? "",
  });
  const mutation = useMutation<unknown, Error, void>({
    mutationFn: () => {
      const { package: of, ...input } = form;
      return advisory
        ? request(UpdateAdvisoryDocument, { id: advisory.id, input })
        : request(CreateAdvisoryDocument, { input: { package: of, ...input } });
    },
    gcTime: 0,
    onSuccess: () => {
      void changed(client, "versions");
      toast(
        advisory ? "The advisory is changed." : `composer audit tells of ${form.package} ${form.affectedVersions}.`,
      );
      onClose();
    },
  });
  const submit = useSubmit(mutation, { fields, check: () => ({}), send: () => mutation.mutate() });
  const input = (key: Name) => ({
    value: form[key],
    onChange: ({ target }: { target: { value: string } }) => setForm((now) => ({ ...now, [key]: target.value })),
  });
  const title = advisory ? "Change the advisory" : "Write an advisory";
  const of = advisory?.package ?? name;
  return (
    <Dialog
      open
      onClose={onClose}
      title={of ? `${title} of ${of}` : title}
      description="composer audit tells of it, and Composer from 2.9 on does not update to these versions. Lock files go on installing them: block them to stop that."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form={id} busy={mutation.isPending}>
            {advisory ? "Save" : "Write"}
          </Button>
        </>
      }
    >
      <Form id={id} {...submit.form}>
        {of === undefined && (
          <Field label="Package" help="Such as acme/lib." error={submit.errors.package}>
            {(ids) => <Input {...ids} required spellCheck={false} {...input("package")} />}
          </Field>
        )}
        <Field
          label="Affected versions"
          help="A version, or a constraint such as >=1.2 <1.2.5."
          error={submit.errors.affectedVersions}
        >
          {(ids) => <Input {...ids} required spellCheck={false} {...input("affectedVersions")} />}
        </Field>
        <Field label="Title" help="One line: what can happen." error={submit.errors.title}>
          {(ids) => <Input {...ids} required {...input("title")} />}
        </Field>
        <Field label="Severity" error={submit.errors.severity}>
          {(ids) => (
            <Select {...ids} {...input("severity")}>
              <option value="">Not said</option>
              {severities.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </Select>
          )}
        </Field>
        <Field label="CVE" help="Such as CVE-2026-12345; may be left out." error={submit.errors.cve}>
          {(ids) => <Input {...ids} spellCheck={false} {...input("cve")} />}
        </Field>
        <Field label="Link" help="An address with more about it; may be left out." error={submit.errors.link}>
          {(ids) => <Input {...ids} type="url" {...input("link")} />}
        </Field>
      </Form>
    </Dialog>
  );
}
