import { render } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { Address, afterSlashes, partsOf } from "./address";

describe("a long address", () => {
  it.each([
    [
      "https://packages.example.org:8443/p2/acme/lib.json?a=1&b=2",
      ["https://packages.example.org:8443/", "p2/", "acme/", "lib.json?", "a=1&", "b=2"],
    ],
    ["ssh://git@host/x.git", ["ssh://git@host/", "x.git"]],
    ["http-basic.broker.example.org", ["http-basic.broker.example.org"]],
    ["2001:db8::1", ["2001:db8::1"]],
    ["//?", ["//?"]],
    ["", []],
  ])("breaks after its slashes: %s", (text, parts) => {
    const found = partsOf(text, afterSlashes).map(({ part }) => part);
    expect(found).toEqual(parts);
    expect(found.join("")).toBe(text);
  });
});

describe("Address", () => {
  it.each(["curl -u token:SECRET https://broker.example.org/health", '{\n    "http-basic": {"a.b:80": "y/z"}\n}\n\t'])(
    "is the text itself to whoever copies it or has it read out: %j",
    (text) => {
      const { container } = render(<Address text={text} />);
      expect(container.textContent).toBe(text);
    },
  );

  it("keeps the words of a command together", () => {
    const { container } = render(<Address text="composer require acme/lib" />);
    const words = [...container.querySelectorAll("code > span")].map((word) => word.textContent);
    expect(words).toEqual(["composer", "require", "acme/lib"]);
  });
});
