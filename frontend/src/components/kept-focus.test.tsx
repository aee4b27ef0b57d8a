import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useRef, useState } from "react";
import { describe, expect, it } from "vitest";
import { useKeptFocus } from "./kept-focus";

function Page({ rows, paused }: { rows: string[]; paused?: boolean }) {
  const page = useRef<HTMLDivElement>(null);
  const [done, setDone] = useState<string[]>([]);
  const left = rows.filter((row) => !done.includes(row));
  const [stopped, setStopped] = useState(false);
  useKeptFocus(page);
  return (
    <div ref={page}>
      <h1 tabIndex={-1}>Versions</h1>
      {stopped && paused && <button type="button" data-takes-focus>{`Resume`}</button>}
      {!stopped && (
        <button type="button" onClick={() => setStopped(true)}>
          Pause
        </button>
      )}
      {left.length > 0 && (
        <table>
          <tbody>
            {left.map((row) => (
              <tr key={row}>
                <td>
                  <a href={`#${row}`}>More</a>
                </td>
                <td>
                  <button type="button" onClick={() => setDone([...done, row])}>
                    {row}
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

const press = (name: string) => userEvent.click(screen.getByRole("button", { name }));

describe("the focus of what goes", () => {
  it("is the next row's, then the last one's, then the title's", async () => {
    const { container } = render(<Page rows={["a", "b", "c"]} />);
    await press("b");
    await waitFor(() => expect(screen.getByRole("button", { name: "c" })).toHaveFocus());
    await press("c");
    await waitFor(() => expect(screen.getByRole("button", { name: "a" })).toHaveFocus());
    await press("a");
    await waitFor(() => expect(container.querySelector("h1")).toHaveFocus());
  });

  it("is that of what took its place", async () => {
    render(<Page rows={[]} paused />);
    await press("Pause");
    await waitFor(() => expect(screen.getByRole("button", { name: "Resume" })).toHaveFocus());
  });

  it("is left alone where the person has left it", async () => {
    const { container, rerender } = render(<Page rows={["a", "b"]} />);
    screen.getByRole("button", { name: "a" }).focus();
    await userEvent.click(container);
    await new Promise((resolve) => setTimeout(resolve, 10));
    rerender(<Page rows={["b"]} />);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(document.body).toHaveFocus();
    screen.getByRole("button", { name: "b" }).focus();
    rerender(<Page rows={[]} />);
    await waitFor(() => expect(container.querySelector("h1")).toHaveFocus());
  });
});
