import { render } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { Address, partsOf } from "./address";

const parts = (text: string) => partsOf(text).map(({ part }) => part);

describe("partsOf", () => {
  it.each([
    [
      "https://packages.example.org:8443/p2/acme/lib.json?a=1&b=2",
      ["https://", "packages.example.org:8443/", "p2/", "acme/", "lib.json?", "a=1&", "b=2"],
    ],
    [
      "composer config http-basic.broker.example.org token pkb_ro_1",
      ["composer", " ", "config", " ", "http-basic.broker.example.org", " ", "token", " ", "pkb_ro_1"],
    ],
    ["2001:db8::1", ["2001:db8::1"]],
    ["//", ["//"]],
    ["", []],
  ])("keeps together what belongs together in %s", (text, all) => {
    expect(parts(text)).toEqual(all);
  });

  it("loses nothing", () => {
    const text = '{\n    "http-basic": {"a.b:80": {"x": "y/z"}}\n}\n\\\n  -d \'?&&//,,\'\t';
    expect(parts(text).join("")).toBe(text);
  });
});

describe("Address", () => {
  it("is the text itself to whoever copies or reads it out", () => {
    const text = "curl -u token:SECRET https://broker.example.org/health";
    const { container } = render(<Address text={text} />);
    expect(container.textContent).toBe(text);
  });
});
