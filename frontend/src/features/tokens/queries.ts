import { infiniteQueryOptions, keepPreviousData, queryOptions, skipToken } from "@tanstack/react-query";
import {
  ExplainDocument,
  RevocationPreviewDocument,
  type RevocationPreviewQueryVariables,
  TokenDocument,
  TokenNameDocument,
  type TokenQuery,
  type TokenRowFragment,
  TokensDocument,
  TokenUsageDocument,
} from "../../gql/graphql";
import { paged } from "../../lib/connection";
import { request } from "../../lib/graphql";
import { type Days, rangeOf } from "../usage/period";
import type { Asked } from "./asked";
import { orderOf, type TokenSearch, whereOf } from "./search";

export type Token = TokenRowFragment;
export type FullToken = NonNullable<TokenQuery["token"]>;
export type Secret = FullToken["secrets"][number];

export function tokensQuery({ new: _, description: __, ...search }: TokenSearch) {
  return infiniteQueryOptions({
    queryKey: ["tokens", search],
    queryFn: async ({ pageParam }) =>
      (await request(TokensDocument, { first: 50, after: pageParam, where: whereOf(search), orderBy: orderOf(search) }))
        .tokens,
    ...paged,
    placeholderData: keepPreviousData,
  });
}

export function tokenQuery(id: string) {
  return queryOptions({
    queryKey: ["tokens", "one", id],
    queryFn: async () => (await request(TokenDocument, { id })).token,
  });
}

/** What a token gets of a version, and why; asked anew each time, as anybody may have decided something meanwhile. */
export function explainQuery(token: string, asked: Asked | undefined) {
  return queryOptions({
    queryKey: ["tokens", "explain", token, asked],
    queryFn: asked ? async () => (await request(ExplainDocument, { token, ...asked })).explain : skipToken,
    staleTime: 0,
  });
}

/** A token's description alone; null where there is no such token. */
export function tokenNameQuery(id: string) {
  return queryOptions({
    queryKey: ["tokens", "name", id],
    queryFn: async () => (await request(TokenNameDocument, { id })).token?.description ?? null,
    staleTime: 60_000,
  });
}

export function tokenUsageQuery(id: string, days: Days) {
  return queryOptions({
    queryKey: ["tokens", "usage", id, days],
    queryFn: async () => (await request(TokenUsageDocument, { id, range: rangeOf(days) })).token?.usage,
    placeholderData: keepPreviousData,
  });
}

/** What revoking would end, as it is now. */
export function previewQuery(what: RevocationPreviewQueryVariables) {
  return queryOptions({
    queryKey: ["tokens", "preview", what],
    queryFn: async () => (await request(RevocationPreviewDocument, what)).revocationPreview,
    staleTime: 0,
    gcTime: 0,
  });
}
