import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { Button } from "../../components/ui/button";
import { Checkbox } from "../../components/ui/checkbox";
import { Confirm, Dialog } from "../../components/ui/dialog";
import { Field, Input, Select, Textarea } from "../../components/ui/field";
import { Form, useSubmit } from "../../components/ui/form";
import { useToast } from "../../components/ui/toast";
import {
  AddOrganizationDocument,
  type OrganizationHost,
  RemoveOrganizationDocument,
  UpdateOrganizationDocument,
} from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import { count } from "../../lib/time";
import { words } from "../tokens/form";
import type { Organization } from "./queries";

type Props = { organization?: Organization; onClose: () => void };

const hosts: Record<OrganizationHost, { title: string; url: string; name: string }> = {
  GITHUB: { title: "GitHub", url: "https://github.com", name: "The organization or user, such as acme." },
  GITLAB: { title: "GitLab", url: "https://gitlab.com", name: "The group's path, such as acme/php, or a user." },
  GITEA: { title: "Gitea or Forgejo", url: "", name: "The organization or user, such as acme." },
};

const fields = ["host", "url", "name", "token", "include", "exclude"] as const;

/** Adds an organization, or changes what is said of one. */
export function OrganizationDialog({ organization, onClose }: Props) {
  const client = useQueryClient();
  const toast = useToast();
  const id = useId();
  const [host, setHost] = useState<OrganizationHost>(organization?.host ?? "GITHUB");
  const [url, setURL] = useState(organization?.url ?? hosts.GITHUB.url);
  const [name, setName] = useState(organization?.name ?? "");
  const [token, setToken] = useState("");
  const [include, setInclude] = useState(organization?.include.join("\n") ?? "");
  const [exclude, setExclude] = useState(organization?.exclude.join("\n") ?? "");
  const [forks, setForks] = useState(organization?.forks ?? false);
  const [archived, setArchived] = useState(organization?.archived ?? false);
  const mutation = useMutation({
    mutationFn: (): Promise<unknown> => {
      const said = {
        include: words(include),
        exclude: words(exclude),
        forks,
        archived,
        token: token.trim() || undefined,
      };
      return organization
        ? request(UpdateOrganizationDocument, { id: organization.id, input: said })
        : request(AddOrganizationDocument, { input: { host, url: url.trim(), name: name.trim(), ...said } });
    },
    onSuccess: () => {
      void changed(client, "repositories");
      toast(organization ? "Saved. It is looked through now." : `${name.trim()} is added. Its repositories follow.`);
      onClose();
    },
  });
  const { errors, form } = useSubmit(mutation, { fields, send: () => mutation.mutate() });
  const choose = (next: OrganizationHost) => {
    if (url === hosts[host].url) setURL(hosts[next].url);
    setHost(next);
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={organization ? `Edit ${organization.name}` : "Add organization"}
      description="Its repositories that have a composer.json are added, also those that come later."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form={id} busy={mutation.isPending}>
            {organization ? "Save" : "Add organization"}
          </Button>
        </>
      }
    >
      <Form id={id} {...form}>
        {!organization && (
          <>
            <Field label="Host" error={errors.host}>
              {(ids) => (
                <Select {...ids} value={host} onChange={({ target }) => choose(target.value as OrganizationHost)}>
                  {Object.entries(hosts).map(([value, { title }]) => (
                    <option key={value} value={value}>
                      {title}
                    </option>
                  ))}
                </Select>
              )}
            </Field>
            <Field label="Address of the host" help="Such as https://git.example.org." error={errors.url}>
              {(ids) => <Input {...ids} type="url" value={url} onChange={({ target }) => setURL(target.value)} />}
            </Field>
            <Field label="Name" help={hosts[host].name} error={errors.name}>
              {(ids) => (
                <Input {...ids} autoComplete="off" value={name} onChange={({ target }) => setName(target.value)} />
              )}
            </Field>
          </>
        )}
        <Field
          label="Token"
          help={
            organization?.hasCredential
              ? "Saved. Enter a new one to replace it, for its repositories too."
              : "One that may read the repositories; of a user of GitHub that user's own, for private ones. Without one, only public ones are found, and few at a time."
          }
          error={errors.token}
        >
          {(ids) => (
            <Input
              {...ids}
              type="password"
              autoComplete="off"
              value={token}
              onChange={({ target }) => setToken(target.value)}
            />
          )}
        </Field>
        <Field
          label="Only these repositories"
          help="Names, such as lib-*, one a line. Empty: all."
          error={errors.include}
        >
          {(ids) => <Textarea {...ids} rows={2} value={include} onChange={({ target }) => setInclude(target.value)} />}
        </Field>
        <Field label="But not these" help="Names, such as test-*, one a line." error={errors.exclude}>
          {(ids) => <Textarea {...ids} rows={2} value={exclude} onChange={({ target }) => setExclude(target.value)} />}
        </Field>
        <Checkbox checked={forks} onChange={setForks} label="Forks as well" />
        <Checkbox checked={archived} onChange={setArchived} label="What is archived as well" />
      </Form>
    </Dialog>
  );
}

/** Asks, then removes an organization, and its repositories if they are to be. */
export function RemoveOrganization({ organization, onClose }: { organization: Organization; onClose: () => void }) {
  const client = useQueryClient();
  const toast = useToast();
  const [repositories, setRepositories] = useState(false);
  const [typed, setTyped] = useState("");
  const mutation = useMutation({
    mutationFn: () => request(RemoveOrganizationDocument, { id: organization.id, repositories }),
    onSuccess: () => {
      void changed(client, "repositories");
      toast(`${organization.name} was removed.`);
      onClose();
    },
  });
  return (
    <Confirm
      open
      onClose={onClose}
      title={`Remove ${organization.name}?`}
      keep="Keep it"
      action="Remove organization"
      busy={mutation.isPending}
      disabled={repositories && typed !== organization.name}
      onConfirm={() => mutation.mutate()}
      error={mutation.error?.message}
    >
      <p>Repositories that come later are not added any more. Those that are here stay, and go on being synced.</p>
      <Checkbox
        checked={repositories}
        onChange={setRepositories}
        label={`Remove its ${count(organization.repositoryCount, "repository", "repositories")} and their packages as well`}
      />
      {repositories && (
        <Field label={`Type ${organization.name} to confirm`}>
          {(ids) => (
            <Input {...ids} autoComplete="off" value={typed} onChange={({ target }) => setTyped(target.value)} />
          )}
        </Field>
      )}
    </Confirm>
  );
}
