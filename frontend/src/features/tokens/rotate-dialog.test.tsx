import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { refusal, show, stubApi } from "../../../test/api";
import { local } from "../../lib/time";
import { whyNotRotate } from "./actions";
import type { FullToken, Token } from "./queries";
import { oldOneStops, RotateToken } from "./rotate-dialog";

const secret = "pkb_ro_0123456789abcdefghijklmnopqrstuvwxyz";
const token = { id: "tok_1", description: "CI", status: "ACTIVE", lastUsedAt: null } as Token;
const server = { server: { publicUrl: "http://broker.test", setupRequired: false } };
const previousExpiresAt = new Date(Date.now() + 90 * 60_000).toISOString();
const rotated = () => ({
  data: { rotateToken: { secret, previousExpiresAt, token: { id: "tok_1", expiresAt: null } } },
});

const api = (rotate: () => ReturnType<typeof rotated> | ReturnType<typeof refusal> = rotated) =>
  stubApi({ Server: () => ({ data: server }), RotateToken: rotate });

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe("rotating a token", () => {
  it("keeps the old secret for 24 hours unless told otherwise", async () => {
    const { callsOf } = api();
    show(<RotateToken token={token} onClose={vi.fn()} />);
    expect(screen.getByLabelText("Old token keeps working for")).toHaveValue("86400");
    expect(screen.getByText("It was never used.")).toBeVisible();
    await userEvent.selectOptions(screen.getByLabelText("Old token keeps working for"), "1 hour");
    await userEvent.click(screen.getByRole("button", { name: "Rotate token" }));
    expect(await screen.findByRole("dialog", { name: "Copy your new token now" })).toBeInTheDocument();
    expect(callsOf("RotateToken")).toEqual([{ id: "tok_1", gracePeriodSeconds: 3600 }]);
    expect(screen.getByText(/The old one stops working/)).toHaveTextContent(/The old one stops working in 1 hour, /);
  });

  it("keeps the dialog, and reads nothing again, until the new secret was copied", async () => {
    api();
    const onClose = vi.fn();
    const { client } = show(<RotateToken token={token} onClose={onClose} />);
    const again = vi.spyOn(client, "invalidateQueries");
    await userEvent.click(screen.getByRole("button", { name: "Rotate token" }));
    await screen.findByRole("dialog", { name: "Copy your new token now" });
    expect(document.body.innerHTML).not.toContain(secret);
    await userEvent.click(screen.getByRole("button", { name: "Done" }));
    expect(await screen.findByRole("alertdialog", { name: "Close without copying?" })).toBeInTheDocument();
    expect(onClose).not.toHaveBeenCalled();
    expect(again).not.toHaveBeenCalled();
    await userEvent.click(screen.getByRole("button", { name: "Close anyway" }));
    expect(onClose).toHaveBeenCalledOnce();
    expect(again).toHaveBeenCalled();
  });

  it("leaves the secret in no cache", async () => {
    api();
    const { client } = show(<RotateToken token={token} onClose={vi.fn()} />);
    await userEvent.click(screen.getByRole("button", { name: "Rotate token" }));
    await screen.findByRole("dialog", { name: "Copy your new token now" });
    await waitFor(() => expect(client.getMutationCache().getAll()).toEqual([]));
    const cached = client.getQueryCache().getAll();
    expect(JSON.stringify(cached.map((query) => query.state.data))).not.toContain(secret);
  });

  it("says why there is no other rotation", async () => {
    api(() => refusal("CONFLICT", "The token is being rotated. End the rotation first."));
    show(<RotateToken token={token} onClose={vi.fn()} />);
    await userEvent.click(screen.getByRole("button", { name: "Rotate token" }));
    expect(await screen.findByText(/is being rotated/)).toHaveAttribute("role", "alert");
  });
});

describe("oldOneStops", () => {
  it("tells when, or that it has", () => {
    const now = new Date("2026-11-25T12:00:00Z");
    const { container, rerender } = render(oldOneStops("2026-11-26T12:00:00Z", now));
    expect(container).toHaveTextContent(`The old one stops working tomorrow, ${local("2026-11-26T12:00:00Z")}.`);
    rerender(oldOneStops("2026-11-25T12:00:00Z", now));
    expect(container).toHaveTextContent("The old one no longer works.");
  });
});

describe("whyNotRotate", () => {
  it("gives a reason where the server would refuse", () => {
    expect(whyNotRotate(token)).toBeUndefined();
    expect(whyNotRotate({ ...token, status: "EXPIRED" })).toMatch(/expired/);
    expect(whyNotRotate({ ...token, status: "DISABLED" })).toMatch(/disabled/);
    expect(whyNotRotate({ ...token, secrets: [{}, {}] } as FullToken)).toMatch(/under way/);
  });
});
