import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { refusal, show, stubApi } from "../../../test/api";
import { RepositoryDialog } from "./form-dialog";

afterEach(() => vi.unstubAllGlobals());

const checked = (ok: boolean, message: string) => ({
  data: { checkRepository: { ok, message, credentialExpiresAt: null } },
});

async function openWith(answer: Parameters<typeof stubApi>[0][string]) {
  const api = stubApi({ CheckRepository: answer });
  show(<RepositoryDialog onClose={() => {}} />);
  await userEvent.type(screen.getByLabelText("URL"), "https://packages.example.org");
  return api;
}

describe("a check of a source", () => {
  it("says what is wrong, and no longer once something else is typed", async () => {
    const api = await openWith(() => checked(false, "A web page came instead of a document."));
    await userEvent.click(screen.getByRole("button", { name: "Check" }));
    expect(await screen.findByText("A web page came instead of a document.")).toBeVisible();
    expect(api.callsOf("CheckRepository")).toEqual([
      {
        input: {
          name: "check",
          type: "COMPOSER",
          url: "https://packages.example.org",
          packages: [],
          credential: { type: "NONE", username: "", secret: "", header: "" },
        },
      },
    ]);
    await userEvent.type(screen.getByLabelText("URL"), "/composer");
    expect(screen.queryByText("A web page came instead of a document.")).toBeNull();
  });

  it("says what the source has, and stores nothing", async () => {
    const api = await openWith(() => checked(true, "A Composer repository with 3 packages."));
    await userEvent.click(screen.getByRole("button", { name: "Check" }));
    expect(await screen.findByText("It can be used.")).toBeVisible();
    expect(api.callsOf("CreateRepository")).toEqual([]);
  });

  it("says what of the input is wrong", async () => {
    await openWith(() => refusal("BAD_USER_INPUT", "packages.example.org is not https."));
    await userEvent.click(screen.getByRole("button", { name: "Check" }));
    expect(await screen.findByText("packages.example.org is not https.")).toBeVisible();
  });
});
