import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { Button } from "../../components/ui/button";
import { Checkbox } from "../../components/ui/checkbox";
import { Dialog } from "../../components/ui/dialog";
import { Field, Input } from "../../components/ui/field";
import { Form, useSubmit } from "../../components/ui/form";
import { useToast } from "../../components/ui/toast";
import { CreateNoticeEndpointDocument, UpdateNoticeEndpointDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import type { Endpoint, Kind } from "./queries";
import { SecretDialog } from "./secret-dialog";

type Props = { endpoint?: Endpoint; kinds: Kind[]; onClose: () => void };

/** Makes an endpoint, and shows its secret this once; or changes one. */
export function EditEndpoint({ endpoint, kinds, onClose }: Props) {
  const id = useId();
  const toast = useToast();
  const client = useQueryClient();
  const [url, setUrl] = useState(endpoint?.url ?? "");
  const [description, setDescription] = useState(endpoint?.description ?? "");
  const [all, setAll] = useState(!endpoint || endpoint.kinds.length === 0);
  const [some, setSome] = useState<string[]>(endpoint?.kinds ?? []);
  const [secret, setSecret] = useState<string | null>(null);
  const input = { url, description, kinds: all ? [] : some };
  const mutation = useMutation({
    mutationFn: async () => {
      if (endpoint) {
        await request(UpdateNoticeEndpointDocument, { id: endpoint.id, input });
        return null;
      }
      return (await request(CreateNoticeEndpointDocument, { input })).createNoticeEndpoint.secret;
    },
    gcTime: 0,
    onSuccess: (made) => {
      void changed(client, "notices");
      if (made) {
        setSecret(made);
        return;
      }
      toast("The endpoint was changed.");
      onClose();
    },
  });
  const submit = useSubmit(mutation, {
    fields: ["url", "description", "kinds"],
    check: (): Record<string, string> => (all || some.length > 0 ? {} : { kinds: "Choose at least one kind." }),
    send: () => mutation.mutate(),
  });
  if (secret) return <SecretDialog url={url} secret={secret} onClose={onClose} />;
  return (
    <Dialog
      open
      onClose={onClose}
      title={endpoint ? "Change the endpoint" : "Add an endpoint"}
      description="Notices are sent there as JSON, signed."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form={id} busy={mutation.isPending}>
            {mutation.isPending ? "Saving" : endpoint ? "Save" : "Add endpoint"}
          </Button>
        </>
      }
    >
      <Form id={id} {...submit.form}>
        <Field label="URL" help="An https address that this server may reach." error={submit.errors.url}>
          {(ids) => <Input {...ids} type="url" value={url} onChange={({ target }) => setUrl(target.value)} />}
        </Field>
        <Field label="Description" help="What it is for. You may leave it out." error={submit.errors.description}>
          {(ids) => <Input {...ids} value={description} onChange={({ target }) => setDescription(target.value)} />}
        </Field>
        <fieldset className="grid gap-2">
          <legend className="mb-1.5 font-medium">What it is told of</legend>
          <Checkbox label="Everything, also what comes with later versions" checked={all} onChange={setAll} />
          {!all &&
            kinds.map(({ name, description }) => (
              <Checkbox
                key={name}
                label={
                  <span className="font-normal">
                    {description} <code className="text-[13px] text-muted">{name}</code>
                  </span>
                }
                checked={some.includes(name)}
                onChange={(on) => setSome(on ? [...some, name] : some.filter((other) => other !== name))}
              />
            ))}
          {submit.errors.kinds && <p className="text-[13px] text-danger">{submit.errors.kinds}</p>}
        </fieldset>
      </Form>
    </Dialog>
  );
}
