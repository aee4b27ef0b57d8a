import { afterEach, describe, expect, it, vi } from "vitest";
import { ServerDocument } from "../gql/graphql";
import { ApiError, fieldErrors, request } from "./graphql";

const answer = (status: number, body: string) =>
  vi.stubGlobal("fetch", vi.fn().mockResolvedValue(new Response(body, { status })));

afterEach(() => vi.unstubAllGlobals());

describe("request", () => {
  it("throws the first error of the server with its code and field", async () => {
    answer(200, JSON.stringify({ errors: [{ message: "No.", extensions: { code: "INVALID", field: "email" } }] }));
    await expect(request(ServerDocument)).rejects.toMatchObject({ message: "No.", code: "INVALID", field: "email" });
  });

  it("says that the server is out of reach", async () => {
    vi.stubGlobal("fetch", vi.fn().mockRejectedValue(new TypeError("failed")));
    await expect(request(ServerDocument)).rejects.toMatchObject({ code: "NETWORK" });
  });

  it("survives an answer that is not JSON", async () => {
    answer(502, "<h1>Bad gateway</h1>");
    await expect(request(ServerDocument)).rejects.toThrow("The server answered 502. Try again.");
  });
});

describe("request with a token", () => {
  it("sends the token alone, without the session beside it", async () => {
    answer(200, JSON.stringify({ data: { server: {} } }));
    await request(ServerDocument, {}, "pkb_ro_secret");
    const [, init] = vi.mocked(fetch).mock.calls[0] ?? [];
    expect(init).toMatchObject({ credentials: "omit", headers: { Authorization: "Bearer pkb_ro_secret" } });
    expect(init?.body).not.toContain("pkb_ro");
  });

  it("says why the token is refused, which is no end of a session", async () => {
    const refusal = { message: "The access token expired.", extensions: { code: "UNAUTHENTICATED" } };
    answer(401, JSON.stringify({ errors: [refusal] }));
    const refused = request(ServerDocument, {}, "pkb_ro_secret");
    await expect(refused).rejects.toThrow("The access token expired.");
    await expect(refused).rejects.not.toBeInstanceOf(ApiError);
  });
});

describe("fieldErrors", () => {
  it("gives an error to the field it concerns, where the form has that field", () => {
    const error = new ApiError("Too long.", "INVALID", "description");
    expect(fieldErrors(error, ["description"])).toEqual({ fields: { description: "Too long." } });
    expect(fieldErrors(error, ["email"])).toEqual({ fields: {}, form: "Too long." });
    expect(fieldErrors(null, ["email"])).toEqual({ fields: {} });
  });

  it("gives an error within a list to its place there, where the form shows that one", () => {
    const error = new ApiError("No.", "INVALID", "packageRules", "1.versions");
    const shown = ["packageRules.0.versions", "packageRules.1.versions"];
    expect(fieldErrors(error, shown)).toEqual({ fields: { "packageRules.1.versions": "No." } });
    expect(fieldErrors(error, ["packageRules"])).toEqual({ fields: { packageRules: "No." } });
    expect(fieldErrors(error, ["description"])).toEqual({ fields: {}, form: "No." });
  });
});
