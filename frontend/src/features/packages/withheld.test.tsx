import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Suspense } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { refusal, show, stubApi } from "../../../test/api";
import { viewerOf } from "../../../test/viewer";
import { statesOf } from "./state";
import { archiveFacts } from "./version-facts";
import { Block, Blocks, Why } from "./withheld";

const seenAt = "2026-11-01T12:00:00Z";

function api(role: "MAINTAINER" | "VIEWER") {
  return stubApi({
    Viewer: () => ({ data: { viewer: viewerOf(role) } }),
    AcceptVersionChange: () => ({ data: { acceptVersionChange: { id: "ver_1" } } }),
    RejectVersionChange: () => refusal("CONFLICT", "There is nothing to decide."),
    ReleaseVersion: () => ({ data: { releaseVersion: { id: "ver_1" } } }),
    BlockVersions: ({ input }) => ({ data: { blockVersions: { id: JSON.stringify(input).length.toString() } } }),
    Unblock: () => ({ data: { unblock: "block_1" } }),
  });
}

const block = {
  id: "block_1",
  package: "acme/lib",
  versions: "1.0.0",
  reason: "It leaks.",
  link: null,
  createdAt: seenAt,
  createdBy: "anna",
};

const version = {
  id: "ver_1",
  withheld: "Its source has something else under this version now.",
  heldUntil: null,
  changed: { reference: "bbb", sha256: null, seenAt },
};

afterEach(() => vi.unstubAllGlobals());

describe("a version that is withheld", () => {
  it("can be decided of by a maintainer, who hears what the server refuses", async () => {
    const calls = api("MAINTAINER");
    show(<Suspense>{<Why version={version} />}</Suspense>);
    expect(await screen.findByText(version.withheld)).toBeVisible();
    expect(screen.queryByRole("button", { name: "Release" })).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: "Accept the change" }));
    await waitFor(() => expect(calls.callsOf("AcceptVersionChange")).toEqual([{ id: "ver_1" }]));
    await waitFor(() => expect(screen.getByRole("status")).toHaveTextContent("The change is accepted."));
    await userEvent.click(screen.getByRole("button", { name: "Reject the change" }));
    await waitFor(() => expect(screen.getByRole("status")).toHaveTextContent("There is nothing to decide."));
  });

  it("is offered at once where a cooldown holds it back", async () => {
    const calls = api("MAINTAINER");
    show(<Suspense>{<Why version={{ ...version, changed: null, heldUntil: seenAt }} />}</Suspense>);
    await userEvent.click(await screen.findByRole("button", { name: "Release" }));
    await waitFor(() => expect(calls.callsOf("ReleaseVersion")).toEqual([{ id: "ver_1" }]));
  });

  it("is told of to a viewer, who can decide nothing", async () => {
    api("VIEWER");
    show(
      <Suspense>
        <Why version={version} />
        <Block id="ver_1" name="acme/lib" version="1.0.0" />
      </Suspense>,
    );
    expect(await screen.findByText("A maintainer can decide about it.")).toBeVisible();
    expect(screen.queryByRole("button")).toBeNull();
  });
});

describe("blocks", () => {
  it("are made with a reason", async () => {
    const calls = api("MAINTAINER");
    show(<Suspense>{<Block id="ver_1" name="acme/lib" version="1.0.0" />}</Suspense>);
    await userEvent.click(await screen.findByRole("button", { name: "Block…" }));
    await userEvent.type(await screen.findByLabelText("Reason"), "It leaks.");
    await userEvent.click(screen.getByRole("button", { name: "Block" }));
    await waitFor(() =>
      expect(calls.callsOf("BlockVersions")).toEqual([
        { input: { package: "acme/lib", versions: "1.0.0", reason: "It leaks.", link: null } },
      ]),
    );
  });

  it("of the package are listed with those of patterns, and can be removed", async () => {
    const calls = api("MAINTAINER");
    const pattern = { ...block, id: "block_2", package: "acme/*", versions: "*", reason: "The vendor's key leaked." };
    show(<Suspense>{<Blocks blocks={[block, pattern]} />}</Suspense>);
    const [own, wide] = await screen.findAllByRole("listitem");
    expect(own).toHaveTextContent("1.0.0It leaks.");
    expect(wide).toHaveTextContent(
      "All versions by the pattern acme/*, which is of other packages tooThe vendor's key leaked.",
    );
    await userEvent.click(screen.getByRole("button", { name: "Unblock 1.0.0" }));
    await waitFor(() => expect(calls.callsOf("Unblock")).toEqual([{ id: "block_1" }]));
    await waitFor(() => expect(screen.getByRole("status")).toHaveTextContent("acme/lib 1.0.0 is unblocked."));
    await userEvent.click(screen.getByRole("button", { name: "Unblock acme/* *" }));
    await waitFor(() => expect(calls.callsOf("Unblock")).toEqual([{ id: "block_1" }, { id: "block_2" }]));
  });
});

describe("how a version stands", () => {
  it.each([
    [{ withheld: null }, ["Offered"]],
    [{ withheld: "Blocked: it leaks." }, ["Blocked"]],
    [{ withheld: "Blocked: it leaks. Its source says something else.", changed: {} }, ["Blocked", "Changed"]],
    [{ withheld: "Held back: …", heldUntil: seenAt, changed: {} }, ["Held back", "Changed"]],
    [{ withheld: "Its source no longer has it." }, ["Not offered"]],
  ])("is told whole: %j", (version, words) => {
    expect(statesOf(version).map(([, word]) => word)).toEqual(words);
  });
});

describe("the archive of a version", () => {
  const stored = { archiveBytes: 2048, archiveStoredAt: seenAt, archiveSha256: "aa", archiveSha1: "bb" };
  const nothing = { archiveBytes: null, archiveStoredAt: null, archiveSha256: null, archiveSha1: null };
  it.each([
    [{ archiveType: null, ...nothing }, ["Archive"], "It has none."],
    [{ archiveType: "zip", ...nothing }, ["Archive"], "zip, not stored yet: it is fetched when first asked for."],
    [{ archiveType: "tar", ...stored }, ["Archive", "Stored here", "SHA-256", "SHA-1"], "tar, 2.0 KB"],
  ])("is told as far as it is known: %j", (full, names, said) => {
    const facts = archiveFacts(full);
    expect(facts.map(([name]) => name)).toEqual(names);
    expect(facts[0]?.[1]).toBe(said);
  });
});
