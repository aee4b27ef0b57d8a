import { describe, expect, it } from "vitest";
import { hostOf, masked, snippets } from "./snippets";

const secret = "pkb_0123456789abcdefABCDEF";
const text = (url: string, id: string) => snippets(url, secret).find((snippet) => snippet.id === id)?.text ?? "";

describe("snippets", () => {
  it("key credentials by the host, with the port where there is one", () => {
    expect(hostOf("https://packages.example.org")).toBe("packages.example.org");
    expect(hostOf("http://localhost:8080")).toBe("localhost:8080");
    expect(JSON.parse(text("http://localhost:8080", "auth"))).toEqual({
      "http-basic": { "localhost:8080": { username: "token", password: secret } },
    });
  });

  it("let Composer use plain http only where the address is plain http", () => {
    expect(text("http://localhost:8080", "composer")).toContain("composer config secure-http false");
    expect(text("https://packages.example.org", "composer").split("\n")).toEqual([
      "composer config repositories.broker composer https://packages.example.org",
      `composer config --global http-basic.packages.example.org token ${secret}`,
    ]);
  });

  it("give CI a variable that parses", () => {
    const [, value] = /^COMPOSER_AUTH='(.*)'$/.exec(text("https://packages.example.org", "ci")) ?? [];
    expect(JSON.parse(value ?? "")).toEqual({
      "http-basic": { "packages.example.org": { username: "token", password: secret } },
    });
  });

  it("name a secret of the pipeline in what is committed, and have none", () => {
    for (const id of ["github", "gitlab", "bitbucket", "docker"]) {
      const lines = text("https://packages.example.org", id);
      expect(lines, id).not.toContain(secret);
      expect(lines, id).toContain(id === "docker" ? "--mount=type=secret,id=composer_auth" : "COMPOSER_TOKEN");
    }
    const [, github] = /COMPOSER_AUTH: '(.*)'$/m.exec(text("https://packages.example.org", "github")) ?? [];
    expect(JSON.parse(github ?? "")).toEqual({
      // biome-ignore lint/suspicious/noTemplateCurlyInString: as GitHub writes it
      "http-basic": { "packages.example.org": { username: "token", password: "${{ secrets.COMPOSER_TOKEN }}" } },
    });
    const [, gitlab] = /COMPOSER_AUTH: '(.*)'$/m.exec(text("http://localhost:8080", "gitlab")) ?? [];
    expect(JSON.parse(gitlab ?? "")["http-basic"]["localhost:8080"].password).toBe("$COMPOSER_TOKEN");
  });

  it("give DDEV a file that parses", () => {
    const [, file] = /<<'JSON'\n([\s\S]*)\nJSON\n/.exec(text("https://packages.example.org", "ddev")) ?? [];
    expect(JSON.parse(file ?? "")).toEqual({
      "http-basic": { "packages.example.org": { username: "token", password: secret } },
    });
  });

  it("test the token against this server", () => {
    expect(text("https://packages.example.org", "test")).toBe(
      `curl -u token:${secret} https://packages.example.org/health`,
    );
  });
});

describe("masked", () => {
  it("hides the secret everywhere in a text and keeps its prefix", () => {
    const hidden = masked(`${secret} and ${secret}`, secret);
    expect(hidden).not.toContain("0123456789");
    expect(hidden).toBe("pkb_•••••••••••••••• and pkb_••••••••••••••••");
  });
});
