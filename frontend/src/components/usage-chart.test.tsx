import { fireEvent, render, screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { UsageChart } from "./usage-chart";

const points = [
  { at: "2026-11-24T00:00:00Z", requests: 40, downloads: 10, refused: 4 },
  { at: "2026-11-25T00:00:00Z", requests: 1, downloads: 0, refused: 0 },
];

describe("UsageChart", () => {
  it("can be read with the keyboard, point by point", () => {
    render(<UsageChart title="Requests a day" points={points} />);
    const slider = screen.getByRole("slider", { name: "Requests a day: choose a day" });
    expect(slider).toHaveAttribute("aria-valuetext", "Nov 25: 1 request, 0 refused, 0 downloads");
    fireEvent.change(slider, { target: { value: "0" } });
    expect(slider).toHaveAttribute("aria-valuetext", "Nov 24: 40 requests, 4 refused, 10 downloads");
  });

  it("says the same as a table", () => {
    render(<UsageChart title="Requests a day" points={points} />);
    const rows = within(screen.getByRole("table", { hidden: true })).getAllByRole("row", { hidden: true });
    expect(rows.map((row) => row.textContent)).toEqual(["DayRequestsDownloadsRefused", "Nov 2440104", "Nov 25100"]);
  });

  it("draws what was refused above what was answered", () => {
    const { container } = render(<UsageChart title="Requests a day" points={points} />);
    const heights = [...container.querySelectorAll("g:first-child rect")].map((bar) =>
      Number(bar.getAttribute("height")),
    );
    expect(heights).toEqual([100, 72, 8]); // of a scale that ends at 50
  });
});
