import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { PeopleDocument, type PersonFragment, PersonTokensDocument, type Role } from "../../gql/graphql";
import { paged } from "../../lib/connection";
import { request } from "../../lib/graphql";

export type Person = PersonFragment;

/** The roles, the smallest first, with what each may do. */
export const roles: { value: Role; title: string; text: string }[] = [
  { value: "VIEWER", title: "Viewer", text: "Sees tokens, repositories, packages, usage and the audit log." },
  { value: "MAINTAINER", title: "Maintainer", text: "Also changes tokens and repositories, and decides of versions." },
  { value: "OWNER", title: "Owner", text: "Also invites and removes people, and changes the settings." },
];

export const roleName = (role: Role): string => roles.find(({ value }) => value === role)?.title ?? role;

/** How a person is called in sentences. */
export const nameOf = ({ name, email }: Pick<Person, "name" | "email">): string => name || email;

export const peopleQuery = infiniteQueryOptions({
  queryKey: ["people"],
  queryFn: async ({ pageParam }) => (await request(PeopleDocument, { first: 100, after: pageParam })).users,
  ...paged,
});

/** How many tokens somebody made. */
export const tokensOf = (id: string) =>
  queryOptions({
    queryKey: ["people", id, "tokens"],
    queryFn: async () => {
      const { node } = await request(PersonTokensDocument, { id });
      return node && "tokenCount" in node ? node.tokenCount : 0;
    },
  });
