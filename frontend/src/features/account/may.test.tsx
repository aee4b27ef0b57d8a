import { screen } from "@testing-library/react";
import { Suspense } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { show, stubApi } from "../../../test/api";
import { viewerOf } from "../../../test/viewer";
import type { Role } from "../../gql/graphql";
import { MayNot, useMay } from "./may";

function Part() {
  return (
    <>
      <p>{useMay("CREATE_TOKENS") ? "offered" : "not offered"}</p>
      <MayNot action="CREATE_TOKENS" />
    </>
  );
}

const open = (role: Role) => {
  stubApi({ Viewer: () => ({ data: { viewer: viewerOf(role) } }) });
  show(
    <Suspense>
      <Part />
    </Suspense>,
  );
};

afterEach(() => vi.unstubAllGlobals());

describe("what somebody may do", () => {
  it("is what the server says, and so is why not", async () => {
    open("VIEWER");
    expect(await screen.findByRole("status")).toHaveTextContent("You need the Maintainer role for this.");
    expect(screen.getByText("not offered")).toBeVisible();
  });

  it("needs no words where they may", async () => {
    open("MAINTAINER");
    expect(await screen.findByText("offered")).toBeVisible();
    expect(screen.queryByRole("status")).toBeNull();
  });
});
