import { useMutation, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { Button } from "../../components/ui/button";
import { Dialog } from "../../components/ui/dialog";
import { FormError } from "../../components/ui/field";
import { useToast } from "../../components/ui/toast";
import { UpdateTokenDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { fieldErrors, request } from "../../lib/graphql";
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
  const [found, setFound] = useState<Record<string, string>>({});
  const mutation = useMutation({
    mutationFn: () => request(UpdateTokenDocument, { id: token.id, input: updateInput(form, new Date(), server) }),
    onSuccess: () => {
      void changed(client, "tokens");
      toast(`“${form.description.trim()}” was changed.`);
      onClose();
    },
  });
  const refused = fieldErrors(mutation.error, shownFields(form));
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const errors = check(form, new Date(), server);
    setFound(errors);
    if (Object.keys(errors).length === 0 && !mutation.isPending) mutation.mutate();
  };
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
      <form id={id} onSubmit={onSubmit} noValidate className="grid gap-5">
        <FormError message={refused.form} />
        <TokenFields
          token={token}
          form={form}
          lifetime={server}
          set={(change: Partial<TokenForm>) => setForm((now) => ({ ...now, ...change }))}
          errors={Object.keys(found).length > 0 ? found : refused.fields}
        />
      </form>
    </Dialog>
  );
}
