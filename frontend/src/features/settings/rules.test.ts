import { describe, expect, it } from "vitest";
import { keywordOf, rulesOf, withoutBounds } from "./rules";

const pattern = "\\bpkb_(?:ro|rw)_[0-9A-Za-z]{36}\\b";

describe("rules for scanners", () => {
  it("look first for what every secret begins with", () => {
    expect(keywordOf(pattern)).toBe("pkb_");
    expect(keywordOf("acme2_(ro|rw)_[a-z]+")).toBe("acme2_");
    expect(keywordOf("[0-9]+")).toBeUndefined();
  });

  it("have the server's pattern as it is for gitleaks, and without bounds for GitHub", () => {
    const [gitleaks, github] = rulesOf(pattern, "https://packages.example.org:8443");
    expect(gitleaks?.text).toContain(`regex = '''${pattern}'''`);
    expect(gitleaks?.text).toContain('keywords = ["pkb_"]');
    expect(gitleaks?.text).toContain("packages.example.org:8443");
    expect(github?.text).toBe(withoutBounds(pattern));
    expect(github?.text).not.toContain("\\b");
  });

  it("report to this server", () => {
    expect(rulesOf(pattern, "https://packages.example.org").at(-1)?.text).toContain(
      "https://packages.example.org/leaks",
    );
  });
});
