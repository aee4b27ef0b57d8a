import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { refusal, showRouted, stubApi } from "../../../test/api";
import type { Asked } from "./asked";
import { ExplainPanel } from "./explain-panel";

const asked = { package: "acme/lib", version: "1.2.0" };
const steps = [
  { rule: "token", allowed: true, text: "The token is in force." },
  { rule: "block", allowed: false, text: "Blocked: It leaks." },
  { rule: "package rule", allowed: false, text: "The token includes of acme/*: versions ^1.0." },
];
const blocked = { data: { explain: { ...asked, outcome: "BLOCKED", steps } } };

function api(explain: () => ReturnType<typeof refusal> | { data: unknown } = () => blocked) {
  return stubApi({
    Explain: explain,
    PackageNames: () => ({ data: { packages: { edges: [{ node: { id: "1", name: "acme/lib" } }] } } }),
    WrittenVersions: ({ name }) => ({
      data: {
        package:
          name === "acme/lib" ? { id: "1", versions: { edges: [{ node: { id: "2", version: "1.2.0" } }] } } : null,
      },
    }),
  });
}

/** The panel with its address. */
function Panel({ first, onAsk }: { first?: Asked; onAsk: (asked: Asked) => void }) {
  const [now, setNow] = useState(first);
  const ask = (next: Asked) => {
    onAsk(next);
    setNow(next);
  };
  return <ExplainPanel token="tok_1" asked={now} onAsk={ask} />;
}

function open(first?: Asked) {
  const onAsk = vi.fn<(asked: Asked) => void>();
  showRouted(() => <Panel first={first} onAsk={onAsk} />);
  return onAsk;
}

afterEach(() => vi.unstubAllGlobals());

describe("explain", () => {
  it("shows every rule in order, what decides marked, and leads to the package", async () => {
    const calls = api();
    open(asked);
    const rules = await screen.findAllByRole("listitem");
    expect(rules.map((one) => one.textContent)).toEqual([
      "token The token is in force.",
      "block DecidesBlocked: It leaks.",
      "package rule The token includes of acme/*: versions ^1.0.",
    ]);
    expect(rules.map((one) => within(one).getByRole("img").getAttribute("aria-label"))).toEqual([
      "Allows",
      "Refuses",
      "Refuses",
    ]);
    expect(screen.getByRole("region", { name: "Explain" })).toHaveTextContent("BlockedIt does not get acme/lib 1.2.0.");
    const link = await screen.findByRole("link", { name: "acme/lib 1.2.0" });
    expect(link).toHaveAttribute("href", "/packages/acme/lib?v=1.2.0");
    expect(screen.getByLabelText("Package")).toHaveValue("acme/lib");
    expect(screen.getByLabelText("Version")).toHaveValue("1.2.0");
    expect(calls.callsOf("Explain")).toEqual([{ token: "tok_1", ...asked }]);
  });

  it("asks nothing before somebody does, and suggests packages and their versions", async () => {
    const calls = api();
    const onAsk = open();
    const name = await screen.findByLabelText<HTMLInputElement>("Package");
    const version = screen.getByLabelText<HTMLInputElement>("Version");
    const offered = (field: HTMLInputElement) => [...(field.list?.options ?? [])].map(({ value }) => value);
    await userEvent.type(name, "acme/lib");
    await waitFor(() => expect(offered(name)).toEqual(["acme/lib"]));
    await waitFor(() => expect(offered(version)).toEqual(["1.2.0"]));
    expect(calls.callsOf("Explain")).toEqual([]);
    await userEvent.type(version, " 1.2.0{Enter}");
    expect(onAsk).toHaveBeenCalledExactlyOnceWith(asked);
    expect(await screen.findByText("Blocked")).toBeVisible();
    expect(version).toHaveFocus();
  });

  it("says what is missing of the question, at the first field that is wrong", async () => {
    const calls = api();
    const onAsk = open();
    await userEvent.click(await screen.findByRole("button", { name: "Explain" }));
    expect(screen.getByLabelText("Package")).toHaveFocus();
    expect(screen.getByLabelText("Package")).toHaveAccessibleDescription("Name a package, such as acme/lib.");
    expect(screen.getByLabelText("Version")).toBeInvalid();
    expect(onAsk).not.toHaveBeenCalled();
    expect(calls.callsOf("Explain")).toEqual([]);
  });

  it("has no mark where nothing refuses, and no link to a package that is not here", async () => {
    const found = { package: "acme/gone", version: "1.0.0", outcome: "ALLOWED", steps: steps.slice(0, 1) };
    api(() => ({ data: { explain: found } }));
    open({ package: "acme/gone", version: "1.0.0" });
    expect(await screen.findByText("Allowed")).toBeVisible();
    expect(screen.queryByText("Decides")).toBeNull();
    expect(screen.queryByRole("link")).toBeNull();
  });

  it("says why it could not be asked, and asks again for the same", async () => {
    let answer: ReturnType<typeof refusal> | { data: unknown } = refusal("RATE_LIMITED", "Wait a second.");
    const calls = api(() => answer);
    const onAsk = open(asked);
    expect(await screen.findByText("Wait a second.")).toBeVisible();
    answer = blocked;
    await userEvent.click(screen.getByRole("button", { name: "Explain" }));
    expect(await screen.findByText("Decides")).toBeVisible();
    expect(calls.callsOf("Explain")).toHaveLength(2);
    expect(onAsk).not.toHaveBeenCalled();
  });
});
