import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Suspense } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { refusal, show, stubApi } from "../../../test/api";
import { viewerOf } from "../../../test/viewer";
import type { Repository } from "./queries";
import { Standing } from "./repository-page";

const repository = (status: Repository["status"], notice?: string) =>
  ({
    notice,
    id: "repo_1",
    name: "acme",
    status,
    enabled: status !== "DISABLED",
    lastError: "It is down.",
    syncs: {},
  }) as Repository;

function open(
  status: Repository["status"],
  role: "OWNER" | "MAINTAINER" | "VIEWER",
  update = refusal("CONFLICT", "No."),
  notice?: string,
) {
  const api = stubApi({
    Viewer: () => ({ data: { viewer: viewerOf(role) } }),
    UpdateRepository: () => update,
    ConfirmRemovals: () => ({ data: { confirmRemovals: { id: "repo_1", status: "SYNCING" } } }),
    SyncRepository: () => ({ data: { syncRepository: { id: "sync_1", status: "QUEUED" } } }),
  });
  show(
    <Suspense>
      <Standing repository={repository(status, notice)} />
    </Suspense>,
  );
  return api;
}

afterEach(() => vi.unstubAllGlobals());

describe("what can be done about a repository", () => {
  it("is said to be under way until its outcome is there", async () => {
    open("FAILED", "MAINTAINER");
    const pause = await screen.findByRole("button", { name: "Pause" });
    let answer = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const asked = vi.fn();
    vi.stubGlobal("fetch", async () => {
      asked();
      await answered;
      return Response.json(refusal("CONFLICT", "It cannot be paused now."));
    });
    await userEvent.click(pause);
    expect(pause).toHaveTextContent("Pausing");
    expect(pause).toHaveAttribute("aria-disabled", "true");
    expect(screen.getByRole("button", { name: "Try again" })).toHaveAttribute("aria-disabled", "true");
    await userEvent.click(pause); // does nothing more
    expect(asked).toHaveBeenCalledOnce();
    answer();
    await waitFor(() => expect(pause).toHaveTextContent("Pause"));
    expect(pause).not.toHaveAttribute("aria-disabled");
    expect((await screen.findAllByText("It cannot be paused now."))[0]).toBeInTheDocument();
  });

  it("is to try again, or to pause it, while it fails", async () => {
    const { callsOf } = open("FAILED", "OWNER");
    await userEvent.click(await screen.findByRole("button", { name: "Try again" }));
    await waitFor(() => expect(callsOf("SyncRepository")).toEqual([{ id: "repo_1" }]));
    await userEvent.click(await screen.findByRole("button", { name: "Pause" }));
    await waitFor(() => expect(callsOf("UpdateRepository")).toEqual([{ id: "repo_1", input: { enabled: false } }]));
  });

  it("is to resume it while it is paused, and why it was is said", async () => {
    const { callsOf } = open("DISABLED", "MAINTAINER");
    expect(await screen.findByText("It is down.")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Resume" }));
    await waitFor(() => expect(callsOf("UpdateRepository")).toEqual([{ id: "repo_1", input: { enabled: true } }]));
  });

  it("is to believe that what the source lost is gone", async () => {
    const notice = "40 of 100 packages are missing from the source.";
    const { callsOf } = open("READY", "MAINTAINER", undefined, notice);
    expect(await screen.findByText(notice)).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "They are gone: remove them" }));
    await waitFor(() => expect(callsOf("ConfirmRemovals")).toEqual([{ id: "repo_1" }]));
  });

  it("is nothing for who may only look, who is told who may", async () => {
    open("FAILED", "VIEWER");
    expect(await screen.findByText(/A maintainer can try again/)).toBeVisible();
    expect(screen.queryByRole("button")).toBeNull();
  });
});
