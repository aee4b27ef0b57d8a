import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import {
  AccessPackagesDocument,
  type AccessPackagesQuery,
  AccessUsesDocument,
  TokenClaimDocument,
} from "../../gql/graphql";
import { paged } from "../../lib/connection";
import { request } from "../../lib/graphql";
import type { Rule } from "../tokens/rule-words";

/** What a token is, as the server tells whoever holds it. */
export type Access = {
  description: string;
  permission: "READ_ONLY" | "WRITE";
  packages: string[];
  packageRules: Rule[];
  networks: string[];
  expiresAt: string | null;
  /** The hour's count; remaining and resetAt are null where there is no limit. */
  rateLimit: { limit: number; remaining: number | null; resetAt: string | null };
};

/** Somebody's token: held by the page that it was typed on, and nowhere else. entry tells one that was typed from another. */
export type Held = { secret: string; entry: number };

/** What the token is. Asking takes nothing of its limit; the error of one that is refused says why, as Composer says it. */
export async function readAccess(secret: string): Promise<Access> {
  let answer: Response;
  try {
    answer = await fetch("/health", {
      headers: { Authorization: `Bearer ${secret}` },
      credentials: "omit",
      cache: "no-store",
    });
  } catch {
    throw new Error("Can't reach the server. Check your connection and try again.");
  }
  const body = await answer.json().catch(() => null);
  if (answer.ok && body) return body as Access;
  const warning = typeof body?.warning === "string" ? body.warning.replaceAll("\\<", "<") : undefined; // written for a terminal
  throw new Error(warning ?? `The server answered ${answer.status}. Try again.`);
}

/** What is asked as a token is forgotten with the page that holds it. */
const ofToken = { gcTime: 0, retry: false } as const;

export const accessQuery = ({ secret, entry }: Held, first: Access) =>
  queryOptions({ queryKey: ["access", entry], queryFn: () => readAccess(secret), initialData: first, ...ofToken });

export const accessPackagesQuery = ({ secret, entry }: Held, search: string) =>
  infiniteQueryOptions({
    queryKey: ["access", entry, "packages", search],
    queryFn: async ({ pageParam }) =>
      (await request(AccessPackagesDocument, { after: pageParam, search: search || undefined }, secret)).packages,
    ...paged,
    ...ofToken,
    placeholderData: keepPreviousData,
  });

export type AccessPackage = NonNullable<
  NonNullable<NonNullable<AccessPackagesQuery["packages"]["edges"]>[number]>["node"]
>;

/** Where its secrets were used from. */
export const accessUsesQuery = ({ secret, entry }: Held) =>
  queryOptions({
    queryKey: ["access", entry, "uses"],
    queryFn: async () => {
      const { viewer } = await request(AccessUsesDocument, {}, secret);
      return "secrets" in viewer ? viewer.secrets : [];
    },
    ...ofToken,
  });

/** What a claim link gives. Asking claims nothing. */
export const claimQuery = (code: string) =>
  queryOptions({
    queryKey: ["claim"],
    queryFn: async () => (await request(TokenClaimDocument, { code })).tokenClaim,
    gcTime: 0,
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
