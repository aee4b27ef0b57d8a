import { render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { local, utc } from "../lib/time";
import { Time } from "./time";

const at = "2027-02-21T23:59:59Z";

describe("Time", () => {
  it("is relative, with the reader's time and UTC on hover", () => {
    render(<Time at={at} now={new Date("2027-02-20T23:00:00Z")} />);
    const time = screen.getByText("tomorrow");
    expect(time).toHaveAttribute("datetime", at);
    expect(time.title).toContain(local(at));
    expect(time.title).toContain(utc(at));
  });

  it("is in full where that is asked for", () => {
    render(<Time at={new Date(at)} long />);
    expect(screen.getByText(local(at))).toHaveAttribute("datetime", "2027-02-21T23:59:59.000Z");
  });
});
