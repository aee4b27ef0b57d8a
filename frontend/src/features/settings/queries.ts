import { queryOptions } from "@tanstack/react-query";
import { type AllSettingsFragment, SettingsDocument } from "../../gql/graphql";
import { request } from "../../lib/graphql";

export type Settings = AllSettingsFragment;

export const settingsQuery = queryOptions({
  queryKey: ["settings"],
  queryFn: async () => (await request(SettingsDocument)).settings,
});
