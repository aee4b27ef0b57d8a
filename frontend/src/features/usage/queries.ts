import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { UsageDocument, type UsageQuery } from "../../gql/graphql";
import { request } from "../../lib/graphql";
import { type Days, rangeOf } from "./period";

export type Usage = UsageQuery["usage"];

export function usageQuery(days: Days) {
  return queryOptions({
    queryKey: ["usage", days],
    queryFn: async () => (await request(UsageDocument, { range: rangeOf(days) })).usage,
    placeholderData: keepPreviousData,
  });
}
