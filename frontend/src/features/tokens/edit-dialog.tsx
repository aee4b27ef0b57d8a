import { useMutation, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { Button } from "../../components/ui/button";
import { Dialog } from "../../components/ui/dialog";
import { Form, useSubmit } from "../../components/ui/form";
import { useToast } from "../../components/ui/toast";
import { UpdateTokenDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import { serverQuery } from "../account/queries";
import { check, formOf, shownFields, type TokenForm, updateInput } from "./form";
import { TokenFields } from "./form-fields";
import type { Token } from "./queries";

/** Changes a token; what it may do, and its secret, stay. */
export function EditToken({ token, onClose }: { token: Token; onClose: () => void }) {
  const id = useId();
  const toast = useToast();
  const client = useQueryClient();
  const { data: server } = useSuspenseQuery(serverQuery);
  const [form, setForm] = useState(() => formOf(token));
  const mutation = useMutation({
    mutationFn: () => request(UpdateTokenDocument, { id: token.id, input: updateInput(form, new Date(), server) }),
    onSuccess: () => {
      void changed(client, "tokens");
      toast(`“${form.description.trim()}” was changed.`);
      onClose();
    },
  });
  const submit = useSubmit(mutation, {
    fields: shownFields(form),
    check: () => check(form, new Date(), server),
    send: () => mutation.mutate(),
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title="Edit token"
      description={token.hint}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form={id} busy={mutation.isPending}>
            {mutation.isPending ? "Saving" : "Save"}
          </Button>
        </>
      }
    >
      <Form id={id} {...submit.form}>
        <TokenFields
          token={token}
          form={form}
          lifetime={server}
          set={(change: Partial<TokenForm>) => setForm((now) => ({ ...now, ...change }))}
          errors={submit.errors}
          forget={submit.forget}
        />
      </Form>
    </Dialog>
  );
}
