import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { LoadError } from "../../components/page";
import { Panel } from "../../components/panel";
import { Checkbox } from "../../components/ui/checkbox";
import { useToast } from "../../components/ui/toast";
import { ChooseNoticesDocument } from "../../gql/graphql";
import { request } from "../../lib/graphql";
import { choicesQuery } from "./queries";

/** What somebody is told of by mail. Each choice counts at once. */
export function NoticeChoices() {
  const client = useQueryClient();
  const toast = useToast();
  const query = useQuery(choicesQuery);
  const choose = useMutation({
    mutationFn: async (choice: { kind: string; mailed: boolean }) =>
      (await request(ChooseNoticesDocument, { choices: [choice] })).chooseNotices,
    onMutate: ({ kind, mailed }) => {
      const before = client.getQueryData(choicesQuery.queryKey);
      client.setQueryData(choicesQuery.queryKey, (now) =>
        now?.map((one) => (one.name === kind ? { ...one, mailed } : one)),
      );
      return before;
    },
    onError: (error, _, before) => {
      client.setQueryData(choicesQuery.queryKey, before);
      toast(error.message);
    },
  });
  return (
    <Panel title="Notices by mail">
      <p className="text-muted">
        What concerns you: the tokens you made, the sources you look after, your sign-ins. Mail is sent where this
        server is set up for it, gathered to one an hour at most, but for leaks and new browsers.
      </p>
      {query.isError && <LoadError error={query.error} retry={() => query.refetch()} />}
      <fieldset className="grid gap-2.5">
        <legend className="sr-only">Kinds of notices</legend>
        {query.data?.map(({ name, description, mailed }) => (
          <Checkbox
            key={name}
            name={name}
            label={<span className="font-normal">{description}</span>}
            checked={mailed === true}
            onChange={(on) => choose.mutate({ kind: name, mailed: on })}
          />
        ))}
      </fieldset>
    </Panel>
  );
}
