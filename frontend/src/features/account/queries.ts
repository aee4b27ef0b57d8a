import { queryOptions } from "@tanstack/react-query";
import { ServerDocument, SignInDocument, SignOutDocument, ViewerDocument } from "../../gql/graphql";
import { ApiError, request } from "../../lib/graphql";

export const serverQuery = queryOptions({
  queryKey: ["server"],
  queryFn: async () => (await request(ServerDocument)).server,
  staleTime: 60_000,
});

export const viewerQuery = queryOptions({
  queryKey: ["viewer"],
  queryFn: async () => {
    const { viewer, changedVersions } = await request(ViewerDocument);
    if (viewer.__typename !== "User") throw new Error("The dashboard is for people; sign in with an e-mail address.");
    /** How many versions changed at their source, and wait for a person. */
    const waiting = changedVersions?.totalCount ?? 0;
    return { ...viewer, waiting };
  },
  staleTime: 60_000,
});

export type Credentials = { email: string; password: string };

const isUnauthenticated = (error: unknown) => error instanceof ApiError && error.code === "UNAUTHENTICATED";

/** Begins a session; returns the person's id. A wrong password is a refusal, and not the end of a session. */
export async function signIn(input: Credentials): Promise<string> {
  try {
    return (await request(SignInDocument, { input })).signIn.user.id;
  } catch (error) {
    throw isUnauthenticated(error) ? new ApiError("Email or password is wrong.", "WRONG_PASSWORD") : error;
  }
}

/** Ends the session; that it has ended already is as good. */
export async function signOut(): Promise<void> {
  await request(SignOutDocument).catch((error) => {
    if (!isUnauthenticated(error)) throw error;
  });
}
