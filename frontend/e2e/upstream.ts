import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { zip } from "./zip";

const readme = `# Tool

Does a **thing**. <script>alert(1)</script><img src=x onerror=alert(1)>

[Docs](https://docs.example/tool), [bad](javascript:alert(1)), ![badge](https://badges.example/x.svg) &copy;

| a | b |
|---|---|
| 1 | \`2\` |
`;

/**
 * A Composer repository of two packages, below a web page for people. The commit of a release can become another, which
 * no release should.
 */
export async function startUpstream() {
  let commit = "a".repeat(40);
  const file = zip({ "tool/composer.json": '{"name":"acme/tool"}', "tool/README.md": readme });
  const server = createServer((request, response) => {
    const url = `http://${request.headers.host}`;
    const version = (name: string, reference: string, more = {}) => ({
      "1.0.0": {
        name,
        version: "1.0.0",
        dist: { type: "zip", url: `${url}/composer/${reference}.zip`, reference },
        ...more,
      },
    });
    if (request.url === "/composer/packages.json") {
      const require = { php: ">=7.2", "Acme/Tool": "^1.0", "other/thing": "*" };
      const packages = {
        "acme/tool": version("acme/tool", commit),
        "acme/user": version("acme/user", "c".repeat(40), { require }),
      };
      response.end(JSON.stringify({ packages }));
    } else if (request.url?.endsWith(".zip")) {
      response.end(file);
    } else {
      response.end("<!doctype html><title>A page for people</title>");
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    move: () => {
      commit = "b".repeat(40);
    },
    stop: () => server.close(),
  };
}
