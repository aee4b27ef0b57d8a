import { queryOptions } from "@tanstack/react-query";
import {
  AccountDocument,
  type AccountQuery,
  InvitationDocument,
  ServerDocument,
  SignInDocument,
  SignOutDocument,
  ViewerAloneDocument,
  ViewerDocument,
  type ViewerQuery,
} from "../../gql/graphql";
import { ApiError, request } from "../../lib/graphql";

export const serverQuery = queryOptions({
  queryKey: ["server"],
  queryFn: async () => (await request(ServerDocument)).server,
  staleTime: 60_000,
});

const forPeople = "The dashboard is for people; sign in with an e-mail address.";

export const viewerQuery = queryOptions({
  queryKey: ["viewer"],
  queryFn: async () => {
    const { viewer, changedVersions } = await request(ViewerDocument).catch(alone);
    if (viewer.__typename !== "User") throw new Error(forPeople);
    /** How many versions changed at their source, and wait for a person. */
    const waiting = changedVersions?.totalCount ?? 0;
    return { ...viewer, waiting };
  },
  staleTime: 60_000,
});

/** Who must set up a second factor first may know nothing but who they are. */
async function alone(error: unknown): Promise<ViewerQuery> {
  if (!(error instanceof ApiError) || error.code !== "FORBIDDEN") throw error;
  return { ...(await request(ViewerAloneDocument)), changedVersions: { totalCount: 0 } };
}

export type Account = Extract<AccountQuery["viewer"], { __typename: "User" }>;
export type Session = Account["sessions"][number];

/** What people may know and change of themselves. */
export const accountQuery = queryOptions({
  queryKey: ["account"],
  queryFn: async () => {
    const { viewer } = await request(AccountDocument);
    if (viewer.__typename !== "User") throw new Error(forPeople);
    return viewer;
  },
});

/** The invitation of a link; null where it has ended or was used. */
export const invitationQuery = (code: string) =>
  queryOptions({
    queryKey: ["invitation"],
    queryFn: async () => (await request(InvitationDocument, { code })).invitation,
    gcTime: 0,
  });

/** totp: the code of the second factor, of who has one. */
export type Credentials = { email: string; password: string; totp?: string };

const isUnauthenticated = (error: unknown) => error instanceof ApiError && error.code === "UNAUTHENTICATED";

/** Whether a sign-in was refused for the code of the second factor alone. */
export const isAboutCode = (error: unknown): boolean => error instanceof ApiError && error.field === "totp";

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
