import { infiniteQueryOptions, keepPreviousData } from "@tanstack/react-query";
import { DownloadsDocument, type DownloadsQuery, type DownloadWhere } from "../../gql/graphql";
import { paged } from "../../lib/connection";
import { request } from "../../lib/graphql";
import { fileUrl } from "../../lib/search";

export type Download = DownloadsQuery["downloads"]["edges"][number]["node"];

export function downloadsQuery(where: DownloadWhere) {
  return infiniteQueryOptions({
    queryKey: ["downloads", where],
    queryFn: async ({ pageParam }) =>
      (await request(DownloadsDocument, { where, first: 10, after: pageParam })).downloads,
    ...paged,
    placeholderData: keepPreviousData,
  });
}

/** The same downloads, all of them, as a file. */
export const downloadsFile = (where: DownloadWhere): string =>
  fileUrl("/export/downloads.csv", where as Record<string, string>);
