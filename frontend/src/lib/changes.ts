import type { QueryClient } from "@tanstack/react-query";

/** What shows something of each kind, by the first part of its query's key. Every change is also an audit event. */
const shownBy = {
  tokens: ["tokens", "overview", "downloads", "audit"],
  repositories: ["repositories", "packages", "overview", "audit"],
  packages: ["packages", "overview", "viewer"],
  versions: ["packages", "repositories", "audit", "viewer"],
  people: ["people", "viewer", "account", "audit"],
  notices: ["notices", "audit"],
  settings: ["settings", "server", "tokens", "audit"],
};

/** Reads again whatever shows something of a kind that has changed; what the server is, although nothing shows it now. */
export function changed(client: QueryClient, what: keyof typeof shownBy): Promise<unknown> {
  return Promise.all(
    shownBy[what].map((key) =>
      client.invalidateQueries({ queryKey: [key], refetchType: key === "server" ? "all" : "active" }),
    ),
  );
}
