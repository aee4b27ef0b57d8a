import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Suspense } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { showRouted, stubApi } from "../../../test/api";
import { Advisories, Affected } from "./lists";

const advisory = {
  id: "adv_1",
  package: "acme/lib",
  advisoryId: "BROKER-1",
  affectedVersions: "<1.2",
  title: "It tells keys",
  cve: null,
  link: "https://example.org/1",
  severity: "high",
  reportedAt: "2026-11-01T12:00:00Z",
  source: "broker.example",
  createdBy: "anna",
};
const pageInfo = { hasNextPage: false, endCursor: null };

function api() {
  const install = { package: "acme/lib", version: "1.0.0", downloads: 4, installs: 2, lastAt: "2026-11-20T12:00:00Z" };
  return stubApi({
    WrittenAdvisories: () => ({ data: { advisories: { totalCount: 1, edges: [{ node: advisory }], pageInfo } } }),
    CreateAdvisory: () => ({
      errors: [
        { message: "That is no constraint.", extensions: { code: "BAD_USER_INPUT", field: "affectedVersions" } },
      ],
    }),
    UpdateAdvisory: () => ({ data: { updateAdvisory: { id: "adv_1" } } }),
    RemoveAdvisory: () => ({ data: { removeAdvisory: "adv_1" } }),
    AffectedInstalls: () => ({
      data: {
        affectedInstalls: {
          totalCount: 2,
          edges: [
            { node: { ...install, token: { id: "tok_1", description: "CI" }, advisories: [advisory], blocks: [] } },
            { node: { ...install, token: null, advisories: [], blocks: [{ id: "block_1", reason: "steals keys" }] } },
          ],
          pageInfo,
        },
      },
    }),
  });
}

afterEach(() => vi.unstubAllGlobals());

describe("advisories that were written here", () => {
  it("are written, and say what the server refuses at its field", async () => {
    const calls = api();
    showRouted(() => (
      <Suspense>
        <Advisories mayDecide />
      </Suspense>
    ));
    await userEvent.click(await screen.findByRole("button", { name: "Write an advisory…" }));
    await userEvent.type(await screen.findByLabelText("Package"), "acme/lib");
    await userEvent.type(screen.getByLabelText("Affected versions"), "nonsense");
    await userEvent.type(screen.getByLabelText("Title"), "It tells keys");
    await userEvent.selectOptions(screen.getByLabelText("Severity"), "high");
    await userEvent.click(screen.getByRole("button", { name: "Write" }));
    expect(await screen.findByText("That is no constraint.")).toBeVisible();
    const input = {
      package: "acme/lib",
      affectedVersions: "nonsense",
      title: "It tells keys",
      severity: "high",
      cve: "",
      link: "",
    };
    expect(calls.callsOf("CreateAdvisory")).toEqual([{ input }]);
  });

  it("are changed and removed", async () => {
    const calls = api();
    showRouted(() => (
      <Suspense>
        <Advisories mayDecide />
      </Suspense>
    ));
    await userEvent.click(await screen.findByRole("button", { name: "Change: It tells keys" }));
    const versions = await screen.findByLabelText("Affected versions");
    expect(versions).toHaveValue("<1.2");
    await userEvent.clear(versions);
    await userEvent.type(versions, "<1.3");
    await userEvent.click(screen.getByRole("button", { name: "Save" }));
    await waitFor(() =>
      expect(calls.callsOf("UpdateAdvisory")).toMatchObject([{ id: "adv_1", input: { affectedVersions: "<1.3" } }]),
    );
    await userEvent.click(screen.getByRole("button", { name: "Remove: It tells keys" }));
    await waitFor(() => expect(calls.callsOf("RemoveAdvisory")).toEqual([{ id: "adv_1" }]));
  });

  it("offer nothing to who may only look", async () => {
    api();
    showRouted(() => (
      <Suspense>
        <Advisories mayDecide={false} />
      </Suspense>
    ));
    expect(await screen.findByText(/It tells keys/)).toBeVisible();
    expect(screen.queryByRole("button")).toBeNull();
  });
});

describe("what is still installed", () => {
  it("says which token, what and why", async () => {
    const calls = api();
    showRouted(() => (
      <Suspense>
        <Affected />
      </Suspense>
    ));
    expect(await screen.findByRole("link", { name: "CI" })).toBeVisible();
    expect(screen.getByText("steals keys")).toBeVisible();
    expect(screen.getByRole("status")).toHaveTextContent("2 installations");
    expect(calls.callsOf("AffectedInstalls")).toMatchObject([{ where: {} }]);
  });
});
