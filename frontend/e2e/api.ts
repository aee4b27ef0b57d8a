import { expect, type Page } from "@playwright/test";
import type { Broker } from "./server";

/** Asks the API as the person who has signed in on the page. */
export async function api<T>(page: Page, query: string, variables: object = {}): Promise<T> {
  const answer = await page.request.post("/graphql", { data: { query, variables } });
  const { data, errors } = await answer.json();
  expect(errors, query).toBeUndefined();
  return data;
}

export type NewToken = { id: string; secret: string };

export async function makeToken(page: Page, description: string): Promise<NewToken> {
  const query = "mutation ($input: CreateTokenInput!) { createToken(input: $input) { secret token { id } } }";
  const { createToken } = await api<{ createToken: { secret: string; token: { id: string } } }>(page, query, {
    input: { description },
  });
  return { id: createToken.token.id, secret: createToken.secret };
}

/** Adds a repository, and waits until its first sync has ended as it should; returns its id. */
async function addRepository(page: Page, name: string, url: string, ends: "READY" | "FAILED"): Promise<string> {
  const query = "mutation ($input: CreateRepositoryInput!) { createRepository(input: $input) { id } }";
  const { createRepository } = await api<{ createRepository: { id: string } }>(page, query, {
    input: { name, type: "COMPOSER", url },
  });
  const { id } = createRepository;
  const status = () => api(page, "query ($id: ID!) { repository(id: $id) { status } }", { id });
  await expect.poll(status, { timeout: 60_000 }).toEqual({ repository: { status: ends } });
  return id;
}

/** Has the server mirror the upstream, and waits until it does. */
export const mirror = (page: Page, broker: Broker) => addRepository(page, "fixture", broker.upstream, "READY");

/** Adds a source that is none, and waits until its sync has failed; returns its id. */
export const addFailing = (page: Page, broker: Broker, name: string) =>
  addRepository(page, name, `${broker.upstream}/nowhere/${"a-folder/".repeat(12)}composer`, "FAILED");

type Metadata = { packages: Record<string, { version: string; dist: { url: string } }[]> };

/** Downloads the newest version of a package as Composer does; returns that version. */
export async function download(page: Page, secret: string, name: string): Promise<string> {
  const headers = {
    Authorization: `Basic ${Buffer.from(`token:${secret}`).toString("base64")}`,
    "User-Agent": "Composer/2.8.4 (Linux; 6.1.0; PHP 8.3.14; cURL 8.5.0; CI)",
  };
  const metadata = await page.request.get(`/p2/${name}.json`, { headers });
  const [newest] = ((await metadata.json()) as Metadata).packages[name] ?? [];
  if (!newest) throw new Error(`there is no ${name}`);
  const archive = await page.request.get(newest.dist.url, { headers });
  expect(archive.status()).toBe(200);
  return newest.version;
}
