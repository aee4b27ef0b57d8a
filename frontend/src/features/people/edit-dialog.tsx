import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { Button } from "../../components/ui/button";
import { Dialog } from "../../components/ui/dialog";
import { Field, Input, RadioCards } from "../../components/ui/field";
import { Form, useSubmit } from "../../components/ui/form";
import { useToast } from "../../components/ui/toast";
import { UpdateUserDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import { nameOf, type Person, roles } from "./queries";

/** Changes how a person is called and what they may do. */
export function EditPerson({ person, onClose }: { person: Person; onClose: () => void }) {
  const id = useId();
  const toast = useToast();
  const client = useQueryClient();
  const [name, setName] = useState(person.name ?? "");
  const [role, setRole] = useState(person.role);
  const mutation = useMutation({
    mutationFn: async () => (await request(UpdateUserDocument, { id: person.id, input: { name, role } })).updateUser,
    onSuccess: (now) => {
      void changed(client, "people");
      toast(`${nameOf(now)} was changed.`);
      onClose();
    },
  });
  const submit = useSubmit(mutation, { fields: ["name"], send: () => mutation.mutate() });
  return (
    <Dialog
      open
      onClose={onClose}
      title="Change name or role"
      description={person.email}
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
        <Field label="Name" error={submit.errors.name}>
          {(ids) => <Input {...ids} autoComplete="off" value={name} onChange={({ target }) => setName(target.value)} />}
        </Field>
        <RadioCards legend="Role" name="role" value={role} choices={roles} onChange={setRole} />
      </Form>
    </Dialog>
  );
}
