import { useQuery } from "@tanstack/react-query";
import { useSettled } from "../../lib/settled";
import { namesQuery, writtenVersionsQuery } from "./queries";

/** Names of packages like what is typed, which may be a pattern. */
export function usePackageNames(typed: string): readonly string[] {
  const search = useSettled(typed).replaceAll("*", "").trim();
  const { data } = useQuery({ ...namesQuery(search), enabled: search.length > 1 });
  return data ?? [];
}

/** The versions of the package whose name is typed; undefined while that is not known, null where there is none. */
export function useVersionsOf(typed: string): readonly string[] | null | undefined {
  const name = useSettled(typed).trim().toLowerCase();
  const { data } = useQuery({ ...writtenVersionsQuery(name), enabled: /^[^/]+\/[^/]+$/.test(name) });
  return data;
}
