import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Suspense } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { show, stubApi } from "../../../test/api";
import { OrganizationDialog, RemoveOrganization } from "./organization-dialog";
import { Organizations } from "./organizations";
import type { Organization } from "./queries";

afterEach(() => vi.unstubAllGlobals());

const acme = {
  id: "org_1",
  host: "GITEA",
  url: "https://git.example.org",
  name: "acme",
  include: [],
  exclude: ["test-*"],
  forks: false,
  archived: false,
  hasCredential: true,
  enabled: true,
  status: "READY",
  repositoryCount: 12,
  notice: "old is archived at the host, and stays here.",
} as unknown as Organization;

function open(organization: Organization, mayManage = true) {
  const api = stubApi({
    Organizations: () => ({
      data: { organizations: { edges: [{ node: organization }], pageInfo: { hasNextPage: false } } },
    }),
    SyncOrganization: () => ({ data: { syncOrganization: { id: "org_1" } } }),
    UpdateOrganization: () => ({ data: { updateOrganization: { id: "org_1" } } }),
  });
  show(
    <Suspense>
      <Organizations mayManage={mayManage} />
    </Suspense>,
  );
  return api;
}

describe("the organizations", () => {
  it("tell how they stand, and can be looked through and paused", async () => {
    const { callsOf } = open(acme);
    expect(await screen.findByText("Up to date")).toBeVisible();
    expect(screen.getByText(/old is archived/)).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Actions of acme" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "Look for new ones now" }));
    await waitFor(() => expect(callsOf("SyncOrganization")).toEqual([{ id: "org_1" }]));
    await userEvent.click(screen.getByRole("button", { name: "Actions of acme" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "Pause" }));
    await waitFor(() => expect(callsOf("UpdateOrganization")).toEqual([{ id: "org_1", input: { enabled: false } }]));
  });

  it("have no actions for who may only look", async () => {
    open({ ...acme, status: "FAILED", lastError: "It is down." }, false);
    expect(await screen.findByText("It is down.")).toBeVisible();
    expect(screen.queryByRole("button")).toBeNull();
  });
});

describe("adding an organization", () => {
  it("sends what was typed, and shows what is wrong beside its field", async () => {
    const added = vi.fn();
    const { callsOf } = stubApi({
      AddOrganization: () => ({
        errors: [{ message: "That is no name.", extensions: { code: "BAD_USER_INPUT", field: "name" } }],
      }),
    });
    show(<OrganizationDialog onClose={added} />);
    await userEvent.selectOptions(await screen.findByLabelText("Host"), "GITLAB");
    expect(screen.getByLabelText("Address of the host")).toHaveValue("https://gitlab.com");
    await userEvent.type(screen.getByLabelText("Name"), "acme/php");
    await userEvent.type(screen.getByLabelText("Token"), "secret");
    await userEvent.type(screen.getByLabelText("But not these"), "test-* docs");
    await userEvent.click(screen.getByLabelText("Forks as well"));
    await userEvent.click(screen.getByRole("button", { name: "Add organization" }));
    expect(await screen.findByText("That is no name.")).toBeVisible();
    expect(callsOf("AddOrganization")).toEqual([
      {
        input: {
          host: "GITLAB",
          url: "https://gitlab.com",
          name: "acme/php",
          token: "secret",
          include: [],
          exclude: ["test-*", "docs"],
          forks: true,
          archived: false,
        },
      },
    ]);
    expect(added).not.toHaveBeenCalled();
  });
});

describe("removing an organization", () => {
  it("leaves its repositories, unless its name is typed", async () => {
    const { callsOf } = stubApi({ RemoveOrganization: () => ({ data: { removeOrganization: "org_1" } }) });
    show(<RemoveOrganization organization={acme} onClose={() => {}} />);
    const remove = await screen.findByRole("button", { name: "Remove organization" });
    await userEvent.click(screen.getByLabelText(/Remove its 12 repositories/));
    expect(remove).toBeDisabled();
    await userEvent.type(screen.getByLabelText("Type acme to confirm"), "acme");
    await userEvent.click(remove);
    await waitFor(() => expect(callsOf("RemoveOrganization")).toEqual([{ id: "org_1", repositories: true }]));
  });
});
