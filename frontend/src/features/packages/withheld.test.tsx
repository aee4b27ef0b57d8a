import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Suspense } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { refusal, show, stubApi } from "../../../test/api";
import { Block, Blocks, Why } from "./withheld";

const seenAt = "2026-11-01T12:00:00Z";

function api(role: "MAINTAINER" | "VIEWER") {
  const viewer = { __typename: "User", id: "usr_1", email: "anna@example.org", role };
  const block = {
    id: "block_1",
    package: "acme/lib",
    versions: "1.0.0",
    reason: "It leaks.",
    link: null,
    createdAt: seenAt,
    createdBy: "anna",
  };
  return stubApi({
    Viewer: () => ({ data: { viewer } }),
    AcceptVersionChange: () => ({ data: { acceptVersionChange: { id: "ver_1" } } }),
    RejectVersionChange: () => refusal("CONFLICT", "There is nothing to decide."),
    ReleaseVersion: () => ({ data: { releaseVersion: { id: "ver_1" } } }),
    BlockVersions: ({ input }) => ({ data: { blockVersions: { id: JSON.stringify(input).length.toString() } } }),
    Unblock: () => ({ data: { unblock: "block_1" } }),
    Blocks: () => ({
      data: {
        blocks: {
          edges: [{ node: block }, { node: { ...block, id: "block_2", package: "acme/*" } }],
          pageInfo: { hasNextPage: false, endCursor: null },
        },
      },
    }),
  });
}

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
    expect(screen.queryByRole("button", { name: "Offer it now" })).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: "Accept the change" }));
    await waitFor(() => expect(calls.callsOf("AcceptVersionChange")).toEqual([{ id: "ver_1" }]));
    await userEvent.click(screen.getByRole("button", { name: "Keep what is served" }));
    expect(await screen.findByText("There is nothing to decide.")).toBeVisible();
  });

  it("is offered at once where a cooldown holds it back", async () => {
    const calls = api("MAINTAINER");
    show(<Suspense>{<Why version={{ ...version, changed: null, heldUntil: seenAt }} />}</Suspense>);
    await userEvent.click(await screen.findByRole("button", { name: "Offer it now" }));
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

  it("of the package are listed, and can be removed", async () => {
    const calls = api("MAINTAINER");
    show(<Suspense>{<Blocks name="acme/lib" />}</Suspense>);
    await userEvent.click(await screen.findByRole("button", { name: "Unblock 1.0.0" }));
    await waitFor(() => expect(calls.callsOf("Unblock")).toEqual([{ id: "block_1" }]));
  });
});
