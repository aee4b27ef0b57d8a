import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { show, stubApi } from "../../../test/api";
import { WebhookPanel } from "./webhook";

afterEach(() => vi.unstubAllGlobals());

function open(webhook: { webhookSecretAt?: string; webhookReceivedAt?: string; webhookOutcome?: string }) {
  const state = { ...webhook };
  const api = stubApi({
    Webhook: () => ({
      data: { repository: { id: "repo_1", webhookUrl: "https://b.example/webhooks/repo_1", ...state } },
    }),
    CreateWebhookSecret: () => {
      state.webhookSecretAt = "2027-01-01T00:00:00Z";
      return { data: { createWebhookSecret: { url: "https://b.example/webhooks/repo_1", secret: "whsec_abc" } } };
    },
    RemoveWebhookSecret: () => {
      state.webhookSecretAt = undefined;
      return { data: { removeWebhookSecret: { id: "repo_1" } } };
    },
  });
  show(<WebhookPanel id="repo_1" />);
  return api;
}

describe("the webhook of a repository", () => {
  it("has a secret that is made once, shown, and copied with the address", async () => {
    const { callsOf } = open({});
    await userEvent.click(await screen.findByRole("button", { name: "Make a secret" }));
    expect(await screen.findByText("whsec_abc")).toBeVisible();
    expect(await screen.findByRole("button", { name: "Copy the address" })).toBeVisible();
    expect(document.body).toHaveTextContent("https://b.example/webhooks/repo_1");
    expect(screen.getByText("Nothing was received yet.")).toBeVisible();
    expect(callsOf("CreateWebhookSecret")).toEqual([{ id: "repo_1" }]);
    expect(screen.queryByRole("button", { name: "Make a secret" })).toBeNull();
  });

  it("is replaced and removed after a question only", async () => {
    const { callsOf } = open({
      webhookSecretAt: "2027-01-01T00:00:00Z",
      webhookReceivedAt: "2027-01-02T00:00:00Z",
      webhookOutcome: "push: queued",
    });
    expect(await screen.findByText("(push: queued)")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Replace the secret…" }));
    expect(callsOf("CreateWebhookSecret")).toEqual([]);
    await userEvent.click(await screen.findByRole("button", { name: "Replace the secret" }));
    await waitFor(() => expect(callsOf("CreateWebhookSecret")).toHaveLength(1));
    expect(await screen.findByText("whsec_abc")).toBeVisible();
    await userEvent.click(await screen.findByRole("button", { name: "Remove…" }));
    await userEvent.click(await screen.findByRole("button", { name: "Remove the webhook" }));
    await waitFor(() => expect(callsOf("RemoveWebhookSecret")).toEqual([{ id: "repo_1" }]));
    await waitFor(() => expect(screen.queryByText("whsec_abc")).toBeNull());
  });

  it("tells what to set at each kind of host", async () => {
    open({ webhookSecretAt: "2027-01-01T00:00:00Z" });
    await userEvent.click(await screen.findByRole("tab", { name: "GitLab" }));
    expect(await screen.findByText(/Secret token: the secret/)).toBeVisible();
  });
});
