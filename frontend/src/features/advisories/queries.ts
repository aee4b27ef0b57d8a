import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import {
  AffectedInstallsDocument,
  type AffectedInstallsQuery,
  VersionAdvisoriesDocument,
  type WeaknessFragment,
  WrittenAdvisoriesDocument,
} from "../../gql/graphql";
import { paged } from "../../lib/connection";
import { request } from "../../lib/graphql";

export type Advisory = WeaknessFragment;
export type Installs = AffectedInstallsQuery["affectedInstalls"]["edges"][number]["node"];

/** What is known of weaknesses of one version. */
export function versionAdvisoriesQuery(id: string) {
  return queryOptions({
    queryKey: ["packages", "version advisories", id],
    queryFn: async (): Promise<Advisory[]> => {
      const { node } = await request(VersionAdvisoriesDocument, { id });
      return node && "advisories" in node ? node.advisories : [];
    },
    staleTime: 60_000,
  });
}

/** The advisories that were written here; of one package where it is named. */
export function writtenQuery(name?: string) {
  return infiniteQueryOptions({
    queryKey: ["packages", "advisories", name],
    queryFn: async ({ pageParam }) =>
      (await request(WrittenAdvisoriesDocument, { first: 50, after: pageParam, package: name })).advisories,
    ...paged,
  });
}

export const severities = ["low", "medium", "high", "critical"] as const;
export type Severity = (typeof severities)[number];

/** Who still installs what is affected; of one package, or of advisories of one severity, where it is named. */
export function affectedQuery(where: { package?: string; severity?: Severity }) {
  return infiniteQueryOptions({
    queryKey: ["packages", "affected", where],
    queryFn: async ({ pageParam }) =>
      (await request(AffectedInstallsDocument, { first: 50, after: pageParam, where })).affectedInstalls,
    ...paged,
    placeholderData: keepPreviousData,
  });
}
