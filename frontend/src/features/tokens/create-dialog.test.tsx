import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CreateToken } from "./create-dialog";

const secret = "pkb_0123456789abcdefghijklmnopqrstuvwxyz";
const server = {
  publicUrl: "http://broker.test:8080",
  setupRequired: false,
  version: "1",
  defaultRateLimit: 1000,
  defaultTokenDays: null,
  maxTokenDays: null as number | null,
  secretPattern: "pkb_",
};
const none = { totalCount: 0, edges: [], pageInfo: { hasNextPage: false, endCursor: null } };

type Answer = { data?: unknown; errors?: unknown[] };
let create: () => Answer;
let inputs: unknown[];
let onClose: ReturnType<typeof vi.fn<() => void>>;
let client: QueryClient;

const created = (): Answer => ({
  data: { createToken: { secret, token: { id: "1", description: "CI", expiresAt: "2027-02-23T23:59:59Z" } } },
});

const refusal = (field: string | undefined, message: string, at?: string): Answer => ({
  errors: [{ message, extensions: { code: "INVALID", field, at } }],
});

function answerTo(body: { query: string; variables?: { input?: unknown } }): Answer {
  if (body.query.includes("mutation CreateToken")) {
    inputs.push(body.variables?.input);
    return create();
  }
  if (body.query.includes("query PackageNames"))
    return { data: { packages: { edges: [{ node: { id: "1", name: "acme/lib" } }] } } };
  return { data: body.query.includes("query Server") ? { server } : { tokens: none } };
}

beforeEach(() => {
  create = created;
  inputs = [];
  onClose = vi.fn<() => void>();
  client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  vi.stubGlobal("fetch", async (_: string, init: RequestInit) =>
    Response.json(answerTo(JSON.parse(String(init.body)))),
  );
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  Reflect.deleteProperty(document, "execCommand"); // which jsdom has not
});

function open(description = "CI") {
  const user = userEvent.setup();
  const ui = (isOpen: boolean) => (
    <QueryClientProvider client={client}>
      <CreateToken open={isOpen} description={description} onClose={onClose} />
    </QueryClientProvider>
  );
  const view = render(ui(true));
  onClose.mockImplementation(() => view.rerender(ui(false)));
  return user;
}

async function reveal() {
  const user = open();
  await user.click(await screen.findByRole("button", { name: "Create" }));
  await screen.findByRole("dialog", { name: "Copy your token now" });
  await screen.findByRole("tab", { name: "Composer" });
  return user;
}

const click = async (user: ReturnType<typeof userEvent.setup>, name: string) =>
  user.click(await screen.findByRole("button", { name }));

describe("the create form", () => {
  it("asks nothing of the server while it can tell itself what is wrong", async () => {
    const user = open("");
    await click(user, "Create");
    const field = screen.getByLabelText("Description");
    expect(field).toHaveAccessibleDescription(/Say where this token will be used\./);
    expect(field).toBeInvalid();
    expect(inputs).toEqual([]);
  });

  it.each([
    ["description", "Description"],
    ["rateLimit", "Requests per hour"],
    ["expiresAt", "Expiry"],
    ["networks", "Allowed networks"],
  ])("shows what the server says of %s under that field", async (field, label) => {
    create = () => refusal(field, "The server does not like it.");
    const user = open();
    await click(user, "Create");
    await waitFor(() => expect(screen.getByLabelText(label)).toHaveAccessibleDescription(/does not like it/));
    expect(screen.getByLabelText(label)).toBeInvalid();
    expect(screen.queryByRole("alert")).not.toHaveTextContent("does not like it");
  });

  it("shows what concerns no field at the top", async () => {
    create = () => refusal(undefined, "Only owners may do that.");
    const user = open();
    await click(user, "Create");
    expect(await screen.findByText("Only owners may do that.")).toHaveAttribute("role", "alert");
  });

  it("shows what the server says of packages, although all packages were chosen", async () => {
    create = () => refusal("packages", "Patterns are not allowed here.");
    const user = open();
    await click(user, "Create");
    expect(await screen.findByText("Patterns are not allowed here.")).toBeVisible();
  });

  it("sends the choices", async () => {
    const user = open();
    await user.click(await screen.findByRole("radio", { name: /^Write/ }));
    await user.click(screen.getByRole("radio", { name: /^Only these/ }));
    await user.type(screen.getByLabelText("Package patterns"), "acme/*");
    await user.selectOptions(screen.getByLabelText("Expiry"), "never");
    await click(user, "Create");
    await waitFor(() => expect(inputs).toHaveLength(1));
    expect(inputs[0]).toEqual({
      description: "CI",
      permission: "WRITE",
      packages: ["acme/*"],
      packageRules: [],
      networks: [],
      rateLimit: 1000,
      neverExpires: true,
    });
  });
});

describe("the rules of the form", () => {
  const rule = (n: number) => within(screen.getByRole("group", { name: `Rule ${n}` }));
  const add = async (user: ReturnType<typeof userEvent.setup>) => {
    await click(user, "Add a rule");
    return screen.getAllByRole("group", { name: /^Rule / }).length;
  };

  it("are sent as they are typed, each told in a sentence, with the keyboard alone", async () => {
    const user = open();
    await add(user);
    expect(rule(1).getByLabelText("Pattern")).toHaveFocus();
    expect(screen.getByRole("group", { name: "Rule 1" })).toHaveAccessibleDescription("Say which packages it is of.");
    await user.keyboard("acme/*{Tab}^2.0{Tab}");
    expect(rule(1).getByLabelText("Released before")).toHaveFocus();
    fireEvent.change(rule(1).getByLabelText("Released before"), { target: { value: "2027-01-31" } });
    await user.selectOptions(rule(1).getByLabelText("Minimum stability"), "RC");
    expect(screen.getByRole("group", { name: "Rule 1" })).toHaveAccessibleDescription(
      "Only versions ^2.0 of acme/* that are RC or more stable and were released before Jan 31, 2027 (UTC).",
    );
    await click(user, "Create");
    await waitFor(() => expect(inputs).toHaveLength(1));
    expect(inputs[0]).toMatchObject({
      packageRules: [
        { pattern: "acme/*", versions: "^2.0", releasedBefore: "2027-01-31T00:00:00Z", minimumStability: "RC" },
      ],
    });
  });

  it("suggest the token's own patterns, and the packages that are like what is typed", async () => {
    const user = open();
    await user.click(await screen.findByRole("radio", { name: /^Only these/ }));
    await user.type(screen.getByLabelText("Package patterns"), "acme/*, other/*");
    await add(user);
    const pattern = rule(1).getByLabelText<HTMLInputElement>("Pattern");
    const offered = () => [...(pattern.list?.options ?? [])].map(({ value }) => value);
    expect(offered()).toEqual(["acme/*", "other/*"]);
    await user.type(pattern, "acme/l");
    await waitFor(() => expect(offered()).toEqual(["acme/*", "other/*", "acme/lib"]));
  });

  it("show what is wrong at their own field, which gets the focus, and nothing is sent", async () => {
    const user = open();
    await add(user);
    await user.keyboard("acme/*");
    await add(user);
    await user.keyboard("Acme{Tab}^1.0");
    await click(user, "Create");
    expect(rule(1).getByLabelText("Versions")).toHaveFocus();
    expect(rule(1).getByLabelText("Versions")).toHaveAccessibleDescription(/or remove the rule/);
    expect(rule(1).getByLabelText("Pattern")).toBeValid();
    expect(rule(2).getByLabelText("Pattern")).toBeInvalid();
    expect(inputs).toEqual([]);
  });

  it("show what the server says of one at its row, and forget it once a row is gone", async () => {
    create = () => refusal("packageRules", "The versions cannot be read.", "1.versions");
    const user = open();
    for (const pattern of ["acme/*", "other/*"]) {
      await add(user);
      await user.keyboard(`${pattern}{Tab}^x`);
    }
    await click(user, "Create");
    await waitFor(() => expect(rule(2).getByLabelText("Versions")).toHaveFocus());
    expect(rule(2).getByLabelText("Versions")).toHaveAccessibleDescription("The versions cannot be read.");
    expect(rule(1).getByLabelText("Versions")).toBeValid();
    await click(user, "Remove rule 1");
    expect(screen.getByRole("button", { name: "Add a rule" })).toHaveFocus();
    expect(rule(1).getByLabelText("Pattern")).toHaveValue("other/*");
    expect(rule(1).getByLabelText("Versions")).toBeValid();
    expect(screen.queryByText("The versions cannot be read.")).toBeNull();
  });
});

describe("the reveal", () => {
  it("hides the secret until it is asked for", async () => {
    const user = await reveal();
    expect(document.body.innerHTML).not.toContain(secret);
    await click(user, "Show the token");
    const token = screen.getByRole("region", { name: "Token" });
    expect(within(token).getByText(secret)).toBeVisible();
    await click(user, "Hide the token");
    expect(document.body.innerHTML).not.toContain(secret);
  });

  it("asks before it is closed without a copy, and goes back", async () => {
    const user = await reveal();
    await click(user, "Done");
    const ask = await screen.findByRole("alertdialog", { name: "Close without copying?" });
    await user.click(within(ask).getByRole("button", { name: "Go back" }));
    await waitFor(() => expect(screen.queryByRole("alertdialog")).toBeNull());
    expect(screen.getByRole("dialog", { name: "Copy your token now" })).toBeInTheDocument();
    expect(onClose).not.toHaveBeenCalled();
  });

  it.each(["Done", "Close"])("asks for %s as for the Escape key", async (button) => {
    const user = await reveal();
    await click(user, button);
    expect(await screen.findByRole("alertdialog")).toBeInTheDocument();
    await click(user, "Close anyway");
    await waitFor(() => expect(onClose).toHaveBeenCalledOnce());
    expect(document.documentElement.outerHTML).not.toContain(secret);
  });

  it("closes on Done once the secret was copied, and then holds it nowhere", async () => {
    const user = await reveal();
    const write = vi.spyOn(navigator.clipboard, "writeText");
    await click(user, "Copy the token");
    expect(await screen.findByText("Copied.")).toBeInTheDocument();
    expect(write).toHaveBeenCalledExactlyOnceWith(secret);
    await click(user, "Done");
    expect(onClose).toHaveBeenCalledOnce();
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(document.documentElement.outerHTML).not.toContain(secret);
    await waitFor(() => expect(client.getMutationCache().getAll()).toEqual([]));
    expect(
      JSON.stringify(
        client
          .getQueryCache()
          .getAll()
          .map((query) => query.state.data),
      ),
    ).not.toContain(secret);
  });

  it("copies a snippet whole, although it is shown masked", async () => {
    const user = await reveal();
    const write = vi.spyOn(navigator.clipboard, "writeText");
    await user.click(screen.getByRole("tab", { name: "Test it" }));
    await click(user, "Copy for Test it");
    expect(write).toHaveBeenCalledExactlyOnceWith(`curl -u token:${secret} http://broker.test:8080/health`);
    expect(screen.getByRole("tabpanel")).not.toHaveTextContent(secret);
    await click(user, "Done");
    expect(onClose).toHaveBeenCalledOnce();
  });

  it("copies the old way where there is no clipboard", async () => {
    const user = await reveal();
    vi.spyOn(navigator.clipboard, "writeText").mockRejectedValue(new Error("absent"));
    let selected = "";
    document.execCommand = vi.fn(() => {
      selected = (document.activeElement as HTMLTextAreaElement).value;
      return true;
    });
    await click(user, "Copy the token");
    expect(await screen.findByText("Copied.")).toBeInTheDocument();
    expect(selected).toBe(secret);
    expect(document.querySelector("textarea[readonly]")).toBeNull();
  });

  it("does not count a copy that failed", async () => {
    const user = await reveal();
    vi.spyOn(navigator.clipboard, "writeText").mockRejectedValue(new Error("refused"));
    document.execCommand = vi.fn(() => false);
    await click(user, "Copy the token");
    expect(await screen.findByText(/Copying failed/)).toBeVisible();
    await click(user, "Done");
    expect(await screen.findByRole("alertdialog")).toBeInTheDocument();
    expect(onClose).not.toHaveBeenCalled();
  });
});
