import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

export type Provider = {
  url: string;
  /** What the server is told of it. */
  settings: NodeJS.ProcessEnv;
  /** Whoever comes, by the claims that are told of them. */
  person: Record<string, unknown>;
  stop: () => Promise<void>;
};

const client = { id: "broker", secret: "a secret of theirs" };

/** Starts an OpenID Connect provider (code flow, PKCE) at which whoever comes is signed in already. */
export async function startProvider(): Promise<Provider> {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const grants = new Map<string, URLSearchParams>();
  const token = (claims: object) => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const signed = `${part({ alg: "RS256", kid: "first", typ: "JWT" })}.${part(claims)}`;
    return `${signed}.${sign("RSA-SHA256", Buffer.from(signed), privateKey).toString("base64url")}`;
  };
  const answers: Record<string, (asked: URLSearchParams) => object | string> = {
    "/.well-known/openid-configuration": () => ({
      issuer: provider.url,
      authorization_endpoint: `${provider.url}/authorize`,
      token_endpoint: `${provider.url}/token`,
      jwks_uri: `${provider.url}/keys`,
      id_token_signing_alg_values_supported: ["RS256"],
    }),
    "/keys": () => ({ keys: [{ ...publicKey.export({ format: "jwk" }), kid: "first", alg: "RS256", use: "sig" }] }),
    "/authorize": (asked) => {
      const code = randomUUID();
      grants.set(code, asked);
      return `${asked.get("redirect_uri")}?${new URLSearchParams({ code, state: asked.get("state") ?? "" })}`;
    },
    "/token": (asked) => {
      const grant = grants.get(asked.get("code") ?? "");
      grants.delete(asked.get("code") ?? "");
      const challenge = createHash("sha256")
        .update(asked.get("code_verifier") ?? "")
        .digest("base64url");
      if (grant?.get("code_challenge") !== challenge) throw new Error("the code does not hold");
      const now = Math.floor(Date.now() / 1000);
      const standard = { iss: provider.url, aud: client.id, iat: now, exp: now + 600, nonce: grant.get("nonce") };
      return { access_token: "x", token_type: "Bearer", id_token: token({ ...standard, ...provider.person }) };
    },
  };
  const server = createServer(async (request, response) => {
    const address = new URL(request.url ?? "", provider.url);
    let body = "";
    for await (const piece of request) body += piece;
    const answer = answers[address.pathname]?.(body ? new URLSearchParams(body) : address.searchParams) ?? {};
    if (typeof answer === "string") response.writeHead(302, { Location: answer }).end();
    else response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(answer));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (!address || typeof address === "string") throw new Error("the provider has no port");
  const url = `http://127.0.0.1:${address.port}`;
  const provider: Provider = {
    url,
    settings: {
      BROKER_OIDC_ISSUER: url,
      BROKER_OIDC_CLIENT_ID: client.id,
      BROKER_OIDC_CLIENT_SECRET: client.secret,
      BROKER_OIDC_NAME: "Example",
      BROKER_OIDC_DOMAINS: "example.org",
    },
    person: { sub: "anna", email: "anna@example.org", email_verified: true, name: "Anna" },
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
  return provider;
}
