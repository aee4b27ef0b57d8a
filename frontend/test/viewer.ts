import type { Action, Role } from "../src/gql/graphql";

const everybody: Action[] = [
  "READ_PACKAGES",
  "READ_REPOSITORIES",
  "READ_TOKENS",
  "READ_USAGE",
  "READ_AUDIT",
  "MANAGE_ACCOUNT",
];
const maintainers: Action[] = [
  "MANAGE_REPOSITORIES",
  "UPLOAD_PACKAGES",
  "DECIDE_VERSIONS",
  "CREATE_TOKENS",
  "MANAGE_TOKENS",
  "RELEASE_TOKENS",
];
const owners: Action[] = ["READ_SETTINGS", "READ_PEOPLE", "MANAGE_PEOPLE", "MANAGE_SETTINGS"];

/** Anna, as the server tells of her who has signed in with a role. */
export function viewerOf(role: Role) {
  const denied = (actions: Action[], name: string) =>
    actions.map((action) => ({ action, why: `You need the ${name} role for this.` }));
  return {
    __typename: "User",
    id: "usr_1",
    email: "anna@example.org",
    role,
    secondFactorMissing: false,
    may: [...everybody, ...(role === "VIEWER" ? [] : maintainers), ...(role === "OWNER" ? owners : [])],
    mayNot: [
      ...(role === "VIEWER" ? denied(maintainers, "Maintainer") : []),
      ...(role === "OWNER" ? [] : denied(owners, "Owner")),
    ],
  };
}
