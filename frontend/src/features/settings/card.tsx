import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { Panel } from "../../components/panel";
import { Button } from "../../components/ui/button";
import { Form, useSubmit } from "../../components/ui/form";
import { useToast } from "../../components/ui/toast";
import { UpdateSettingsDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import { check, inputOf, type Typed, typedOf } from "./form";
import { type Settings, settingsQuery } from "./queries";

type CardProps<K extends keyof Settings> = {
  title: string;
  settings: Settings;
  fields: readonly K[];
  onDirty: (card: string, dirty: boolean) => void;
  children: (form: Typed<K>, set: (change: Partial<Typed<K>>) => void, errors: Record<string, string>) => ReactNode;
};

/** Some of the settings, which are saved alone. */
export function SettingsCard<K extends keyof Settings>({ title, settings, fields, onDirty, children }: CardProps<K>) {
  const [form, setForm] = useState(() => typedOf(settings, fields));
  const save = useSave(title, (saved) => setForm(typedOf(saved, fields)));
  const input = inputOf(settings, form);
  const dirty = Object.keys(input).length > 0;
  useEffect(() => {
    onDirty(title, dirty);
    return () => onDirty(title, false);
  }, [title, dirty, onDirty]);
  const submit = useSubmit(save, { fields, check: () => check(form), send: () => dirty && save.mutate(input) });
  const discard = () => {
    setForm(typedOf(settings, fields));
    submit.forget();
  };
  return (
    <Panel title={title}>
      <Form {...submit.form}>
        {children(form, (change) => setForm((now) => ({ ...now, ...change })), submit.errors)}
        <div className="flex flex-wrap items-center gap-3">
          <Button type="submit" kind="primary" busy={save.isPending || !dirty}>
            {save.isPending ? "Saving" : "Save"}
          </Button>
          {dirty && (
            <>
              <Button onClick={discard}>Discard changes</Button>
              <span className="text-[13px] text-muted">Not saved yet.</span>
            </>
          )}
        </div>
      </Form>
    </Panel>
  );
}

function useSave(title: string, onSaved: (settings: Settings) => void) {
  const client = useQueryClient();
  const toast = useToast();
  return useMutation({
    mutationFn: async (input: ReturnType<typeof inputOf>) =>
      (await request(UpdateSettingsDocument, { input })).updateSettings,
    onSuccess: (settings) => {
      client.setQueryData(settingsQuery.queryKey, settings);
      onSaved(settings);
      toast(`${title}: saved.`);
      void changed(client, "settings");
    },
  });
}
