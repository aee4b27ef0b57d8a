import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import {
  PackageDocument,
  PackageNamesDocument,
  type PackageOrder,
  type PackageQuery,
  PackagesDocument,
  PackageUsageDocument,
  PackageVersionDocument,
  type PackageVersionQuery,
  ReadmeDocument,
  WrittenVersionsDocument,
} from "../../gql/graphql";
import { paged, rowsOf } from "../../lib/connection";
import { request } from "../../lib/graphql";
import { type Days, rangeOf } from "../usage/period";

export type FullPackage = NonNullable<PackageQuery["package"]>;
export type Version = NonNullable<NonNullable<NonNullable<FullPackage["versions"]["edges"]>[number]>["node"]>;

/** What of the list is shown; it stands in the address. */
export type PackageSearch = { q?: string; repository?: string; sort?: "downloads" | "released" };

export function readSearch(search: Record<string, unknown>): PackageSearch {
  return {
    ...(typeof search.q === "string" && search.q ? { q: search.q.slice(0, 200) } : {}),
    ...(typeof search.repository === "string" ? { repository: search.repository } : {}),
    ...(search.sort === "downloads" || search.sort === "released" ? { sort: search.sort } : {}),
  };
}

const orders: Record<string, PackageOrder> = {
  downloads: { field: "DOWNLOADS", direction: "DESC" },
  released: { field: "RELEASED_AT", direction: "DESC" },
};

export function packagesQuery(search: PackageSearch) {
  return infiniteQueryOptions({
    queryKey: ["packages", search],
    queryFn: async ({ pageParam }) =>
      (
        await request(PackagesDocument, {
          first: 50,
          after: pageParam,
          where: { search: search.q, repository: search.repository },
          orderBy: orders[search.sort ?? ""] ?? { field: "NAME", direction: "ASC" },
        })
      ).packages,
    ...paged,
    placeholderData: keepPreviousData,
  });
}

/** The first names of packages that match a search, for somebody who types one. */
export function namesQuery(search: string) {
  return queryOptions({
    queryKey: ["packages", "names", search],
    queryFn: async () => rowsOf([(await request(PackageNamesDocument, { search })).packages]).map(({ name }) => name),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
}

/** The highest versions of a package as they are written, the highest first; null where there is no such package. */
export function writtenVersionsQuery(name: string) {
  return queryOptions({
    queryKey: ["packages", "written", name],
    queryFn: async () => {
      const { package: found } = await request(WrittenVersionsDocument, { name });
      return found && rowsOf([found.versions]).map(({ version }) => version);
    },
    staleTime: 60_000,
  });
}

/** How many versions of a package are read at most. */
const versionsMost = 5_000;

/** A package with all its versions. */
export function packageQuery(name: string) {
  return queryOptions({
    queryKey: ["packages", "one", name],
    queryFn: async () => {
      const { package: first } = await request(PackageDocument, { name });
      if (!first) return first;
      const edges = [...(first.versions.edges ?? [])];
      for (let { pageInfo } = first.versions; pageInfo.hasNextPage && edges.length < versionsMost; ) {
        const { package: more } = await request(PackageDocument, { name, after: pageInfo.endCursor });
        if (!more) break; // it was removed meanwhile
        edges.push(...(more.versions.edges ?? []));
        pageInfo = more.versions.pageInfo;
      }
      return { ...first, versions: { ...first.versions, edges } };
    },
  });
}

export function versionQuery(id: string | undefined) {
  return queryOptions({
    queryKey: ["packages", "version", id],
    queryFn: async (): Promise<FullVersion | null> => {
      const { node } = await request(PackageVersionDocument, { id: id ?? "" });
      return node && "withheld" in node ? (node as FullVersion) : null;
    },
    enabled: Boolean(id),
    staleTime: 60_000,
  });
}

/** The README of a version; null where nothing is stored of it, or it has none. */
export function readmeQuery(id: string) {
  return queryOptions({
    queryKey: ["packages", "readme", id],
    queryFn: async () => {
      const { node } = await request(ReadmeDocument, { id });
      return node && "readme" in node ? (node.readme ?? null) : null;
    },
    staleTime: 600_000,
  });
}

/** What was asked of a package, day by day. */
export function packageUsageQuery(name: string, days: Days) {
  return queryOptions({
    queryKey: ["packages", "usage", name, days],
    queryFn: async () =>
      (await request(PackageUsageDocument, { name, range: rangeOf(days) })).package?.usage.series ?? [],
    placeholderData: keepPreviousData,
  });
}

export type Block = FullPackage["blocks"][number];

/** A version with what is withheld of it, what it requires and what requires it. */
export type FullVersion = Extract<NonNullable<PackageVersionQuery["node"]>, { withheld: string | null }>;
/** What is decided of a version. */
export type Decided = Pick<FullVersion, "id" | "withheld" | "heldUntil" | "changed">;
export type Requirement = FullVersion["requires"][number];
