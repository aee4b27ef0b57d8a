import { queryOptions } from "@tanstack/react-query";
import { ServerDocument, ViewerDocument } from "../../gql/graphql";
import { request } from "../../lib/graphql";

export const serverQuery = queryOptions({
  queryKey: ["server"],
  queryFn: async () => (await request(ServerDocument)).server,
  staleTime: 60_000,
});

export const viewerQuery = queryOptions({
  queryKey: ["viewer"],
  queryFn: async () => {
    const { viewer } = await request(ViewerDocument);
    if (viewer.__typename !== "User") throw new Error("The dashboard is for people; sign in with an e-mail address.");
    return viewer;
  },
  staleTime: 60_000,
});
