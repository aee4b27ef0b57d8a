import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { Button } from "../../components/ui/button";
import { Dialog } from "../../components/ui/dialog";
import { Form, useSubmit } from "../../components/ui/form";
import {
  CreateTokenDocument,
  type CreateTokenInput,
  type CreateTokenMutation,
  TokensDocument,
} from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { rowsOf } from "../../lib/connection";
import { request } from "../../lib/graphql";
import { serverQuery } from "../account/queries";
import { check, createInput, emptyForm, shownFields, type TokenForm } from "./form";
import { TokenFields } from "./form-fields";
import { ClaimLink } from "./hand-over";
import { Reveal } from "./reveal";

type Props = { open: boolean; description?: string; onClose: () => void };

/** Makes a token, then shows its secret this once. The secret lives in this component and nowhere else. */
export function CreateToken({ open, description, onClose }: Props) {
  const [created, setCreated] = useState<Created | null>(null);
  const client = useQueryClient();
  const close = () => {
    setCreated(null);
    onClose();
    void changed(client, "tokens");
  };
  if (created?.claimLink) {
    return <ClaimLink {...created.token} claimLink={created.claimLink} onClose={close} />;
  }
  if (created) {
    const { description, expiresAt } = created.token;
    return <Reveal secret={created.secret} description={description} expiresAt={expiresAt} onClose={close} />;
  }
  return open ? <CreateForm description={description} onClose={onClose} onCreated={setCreated} /> : null;
}

type Created = CreateTokenMutation["createToken"];
type FormProps = { description?: string; onClose: () => void; onCreated: (created: Created) => void };

function CreateForm({ description, onClose, onCreated }: FormProps) {
  const id = useId();
  const { data: server } = useSuspenseQuery(serverQuery);
  const [form, setForm] = useState(() => emptyForm(description, server.defaultRateLimit ?? 1000, server));
  const mutation = useMutation({
    mutationFn: (input: CreateTokenInput) => request(CreateTokenDocument, { input }),
    gcTime: 0,
    onSuccess: ({ createToken }) => onCreated(createToken),
  });
  const set = (change: Partial<TokenForm>) => setForm((now) => ({ ...now, ...change }));
  const submit = useSubmit(mutation, {
    fields: shownFields(form),
    check: () => check(form, new Date(), server),
    send: () => mutation.mutate(createInput(form, new Date(), server)),
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title="Create Token"
      description="Composer signs in with it. Its secret is shown once."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form={id} busy={mutation.isPending}>
            {mutation.isPending ? "Creating" : "Create"}
          </Button>
        </>
      }
    >
      <Form id={id} {...submit.form}>
        <TokenFields
          form={form}
          lifetime={server}
          set={set}
          errors={submit.errors}
          forget={submit.forget}
          note={useSameDescription(form.description)}
        />
      </Form>
    </Dialog>
  );
}

/** A note when another live token has the same description: allowed, but easy to mix up. */
function useSameDescription(description: string): string | undefined {
  const wanted = description.trim();
  const { data } = useQuery({
    queryKey: ["tokens", "same", wanted],
    queryFn: async () =>
      (await request(TokensDocument, { first: 20, where: { search: wanted, status: ["ACTIVE"] } })).tokens,
    enabled: wanted.length > 2,
    staleTime: 30_000,
  });
  const same = rowsOf(data ? [data] : []).some((token) => token.description === wanted);
  return same ? "Another token has this description. That is possible, but hard to tell apart." : undefined;
}
