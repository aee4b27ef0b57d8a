import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { later } from "../../components/later";
import { Button } from "../../components/ui/button";
import { Field, Input } from "../../components/ui/field";
import { Form, useSubmit } from "../../components/ui/form";
import { OutsidePage } from "../account/form";
import { type Access, type Held, readAccess } from "./queries";

const AccessView = later(async () => (await import("./token-view")).AccessView);

/**
 * Where whoever has a token, and no account, sees what it is. The token is held by this component alone: it goes with the
 * tab, or with "Use another token".
 */
export function AccessPage() {
  const [held, setHeld] = useState<Held & { access: Access }>();
  const [entry, setEntry] = useState(0);
  if (held) {
    return (
      <AccessView
        key={entry}
        held={held}
        access={held.access}
        onLeave={() => {
          setHeld(undefined);
          setEntry(entry + 1);
        }}
      />
    );
  }
  return (
    <OutsidePage
      title="Your access token"
      text="See what it may install, how to use it, and what was done with it. It is kept in this tab only."
    >
      <Enter onEntered={(secret, access) => setHeld({ secret, entry, access })} />
    </OutsidePage>
  );
}

function Enter({ onEntered }: { onEntered: (secret: string, access: Access) => void }) {
  const [secret, setSecret] = useState("");
  const mutation = useMutation({
    mutationFn: () => readAccess(secret.trim()),
    gcTime: 0,
    onSuccess: (access) => onEntered(secret.trim(), access),
  });
  const { form, errors } = useSubmit(
    { ...mutation, error: null }, // what the server says stands at the field
    {
      fields: ["token"],
      check: (): Record<string, string> => (secret.trim() ? {} : { token: "Enter the token." }),
      send: () => mutation.mutate(),
    },
  );
  const error = errors.token ?? mutation.error?.message;
  return (
    <Form {...form} refusal={form.refusal ?? mutation.error} className="gap-4">
      <Field label="Access token" help="It begins with letters, _ro_ or _rw_." error={error}>
        {(ids) => (
          <Input
            {...ids}
            type="password"
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            value={secret}
            onChange={({ target }) => setSecret(target.value)}
          />
        )}
      </Field>
      <Button type="submit" kind="primary" busy={mutation.isPending} className="min-h-11">
        {mutation.isPending ? "Looking" : "Show what it is"}
      </Button>
    </Form>
  );
}
