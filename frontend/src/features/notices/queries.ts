import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import {
  NoticeChoicesDocument,
  NoticeDeliveriesDocument,
  type NoticeDeliveryFragment,
  type NoticeEndpointFragment,
  NoticeEndpointsDocument,
} from "../../gql/graphql";
import { paged } from "../../lib/connection";
import { request } from "../../lib/graphql";

export type Endpoint = NoticeEndpointFragment;
export type Delivery = NoticeDeliveryFragment;
export type Kind = { name: string; description: string };

/** The endpoints, and the kinds of notices there are. */
export const endpointsQuery = queryOptions({
  queryKey: ["notices", "endpoints"],
  queryFn: () => request(NoticeEndpointsDocument),
});

const nothing = { totalCount: 0, edges: [], pageInfo: { hasNextPage: false, endCursor: null } };

/** What was sent to an endpoint. While something is on its way it is read again, and with it how the endpoint is. */
export const deliveriesQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ["notices", "deliveries", id],
    queryFn: async ({ pageParam, client }) => {
      const { noticeEndpoint } = await request(NoticeDeliveriesDocument, { id, first: 20, after: pageParam });
      if (!noticeEndpoint) return nothing;
      const { deliveries, ...endpoint } = noticeEndpoint;
      client.setQueryData(
        endpointsQuery.queryKey,
        (now) => now && { ...now, noticeEndpoints: now.noticeEndpoints.map((one) => (one.id === id ? endpoint : one)) },
      );
      return deliveries;
    },
    ...paged,
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => page.edges?.some((edge) => isWithin(edge?.node, underWay))) ? 2000 : false,
  });

/** While a delivery is sent, its next time is when it is taken up by another server: two minutes later. */
const underWay = 135_000;

const isWithin = (delivery: { nextAt?: string | null } | null | undefined, time: number): boolean =>
  Boolean(delivery?.nextAt) && new Date(delivery?.nextAt ?? 0).getTime() < Date.now() + time;

/** Whether a delivery is sent within the next half minute. */
export const isSoon = (delivery?: { nextAt?: string | null } | null): boolean => isWithin(delivery, 30_000);

/** What the person who is signed in is told of by mail. */
export const choicesQuery = queryOptions({
  queryKey: ["notices", "choices"],
  queryFn: async () => (await request(NoticeChoicesDocument)).noticeKinds,
});
