import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Suspense } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { stubApi } from "../../../test/api";
import { ToastProvider } from "../../components/ui/toast";
import { newQueryClient } from "../../lib/query";
import { local } from "../../lib/time";
import { EditToken } from "./edit-dialog";
import type { Token } from "./queries";

const token = {
  id: "tok_1",
  description: "CI",
  permission: "READ_ONLY",
  status: "ACTIVE",
  hint: "pkb_ro_…x7Qa",
  packages: ["acme/*"],
  packageRules: [],
  networks: [],
  rateLimit: 1000,
  expiresAt: "2099-02-21T23:59:59Z",
} as unknown as Token;

function open(maxTokenDays: number | null, packageRules: Token["packageRules"] = []) {
  const api = stubApi({
    Server: () => ({ data: { server: { publicUrl: "http://broker.test", defaultTokenDays: null, maxTokenDays } } }),
    PackageNames: () => ({ data: { packages: { edges: [] } } }),
    UpdateToken: () => ({ data: { updateToken: token } }),
  });
  const onClose = vi.fn();
  const client = newQueryClient();
  const again = vi.spyOn(client, "invalidateQueries");
  render(
    <QueryClientProvider client={client}>
      <ToastProvider>
        <Suspense>
          <EditToken token={{ ...token, packageRules }} onClose={onClose} />
        </Suspense>
      </ToastProvider>
    </QueryClientProvider>,
  );
  return { api, onClose, again };
}

afterEach(() => vi.unstubAllGlobals());

describe("editing a token", () => {
  it("says when the token ends, and leaves that as it is", async () => {
    const { api, onClose, again } = open(null);
    const expiry = await screen.findByLabelText("Expiry");
    expect(expiry).toHaveAccessibleDescription(`Stops working ${local("2099-02-21T23:59:59Z")}.`);
    await userEvent.click(screen.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(onClose).toHaveBeenCalledOnce());
    const input = { description: "CI", packages: ["acme/*"], packageRules: [], networks: [], rateLimit: 1000 };
    expect(api.callsOf("UpdateToken")).toEqual([{ id: "tok_1", input }]);
    expect(again).toHaveBeenCalledWith(expect.objectContaining({ queryKey: ["tokens"] }));
  });

  it("shows its rules, and takes one away", async () => {
    const { api, onClose } = open(null, [
      { pattern: "acme/*", versions: "^2.0", releasedBefore: null, minimumStability: null },
      { pattern: "acme/lib", versions: null, releasedBefore: "2027-01-31T23:59:59Z", minimumStability: "dev" },
    ]);
    const second = within(await screen.findByRole("group", { name: "Rule 2" }));
    expect(second.getByLabelText("Released before")).toHaveValue("2027-01-31");
    expect(second.getByLabelText("Minimum stability")).toHaveValue("dev");
    await userEvent.click(screen.getByRole("button", { name: "Remove rule 1" }));
    await userEvent.click(screen.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(onClose).toHaveBeenCalledOnce());
    expect(api.callsOf("UpdateToken")).toMatchObject([
      {
        input: {
          packageRules: [{ pattern: "acme/lib", releasedBefore: "2027-01-31T23:59:59.000Z", minimumStability: "dev" }],
        },
      },
    ]);
  });

  it("offers no end beyond what the owner allows, and lets an older one be", async () => {
    open(60);
    expect(await screen.findByLabelText("Expiry")).toHaveValue("keep");
    const names = screen.getAllByRole("option").map((option) => option.textContent);
    expect(names).toEqual(["As it is", "7 days", "30 days", "60 days (recommended)", "Pick a date…"]);
  });
});
