import { useMutation } from "@tanstack/react-query";
import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { show } from "../../../test/api";
import { ApiError } from "../../lib/graphql";
import { Field, Input } from "./field";
import { Form, useSubmit } from "./form";

const save = vi.fn<(name: string) => Promise<string>>();
afterEach(() => save.mockReset());

/** A form that itself refuses an empty name, and whose server may refuse a name or a place. */
function Sample() {
  const [name, setName] = useState("");
  const mutation = useMutation({ mutationFn: save });
  const { form, errors } = useSubmit(mutation, {
    fields: ["name", "place"],
    check: (): Record<string, string> => (name ? {} : { name: "Enter a name." }),
    send: () => mutation.mutate(name),
  });
  return (
    <Form {...form}>
      <Field label="Name" error={errors.name}>
        {(ids) => <Input {...ids} value={name} onChange={({ target }) => setName(target.value)} />}
      </Field>
      <Field label="Place" error={errors.place}>
        {(ids) => <Input {...ids} />}
      </Field>
      <button type="submit">Save</button>
    </Form>
  );
}

const submit = () => userEvent.click(screen.getByRole("button", { name: "Save" }));

describe("a form that is refused", () => {
  it("focuses its first wrong field at every submit, also when the message is the same", async () => {
    show(<Sample />);
    for (let times = 0; times < 3; times++) {
      await submit();
      expect(screen.getByLabelText("Name")).toHaveFocus();
    }
    expect(screen.getByLabelText("Name")).toHaveAccessibleDescription("Enter a name.");
    expect(save).not.toHaveBeenCalled();
  });

  it("does so for what the server says, too", async () => {
    save.mockImplementation(async () => {
      throw new ApiError("There is no such place.", "INVALID", "place");
    });
    show(<Sample />);
    await userEvent.type(screen.getByLabelText("Name"), "x");
    for (let times = 1; times <= 3; times++) {
      await submit();
      await waitFor(() => expect(screen.getByLabelText("Place")).toHaveFocus());
      expect(save).toHaveBeenCalledTimes(times);
    }
    expect(screen.getByLabelText("Place")).toBeInvalid();
    expect(screen.getByLabelText("Name")).toBeValid();
  });

  it("leaves the focus where it is while a person mends it", async () => {
    show(<Sample />);
    await submit();
    await userEvent.type(screen.getByLabelText("Name"), "x");
    await userEvent.click(screen.getByLabelText("Place"));
    await userEvent.type(screen.getByLabelText("Place"), "y");
    expect(screen.getByLabelText("Place")).toHaveFocus();
  });

  it("shows at the top what concerns no field", async () => {
    save.mockRejectedValue(new ApiError("Only owners may do that.", "FORBIDDEN"));
    show(<Sample />);
    await userEvent.type(screen.getByLabelText("Name"), "x");
    await submit();
    expect(await screen.findByText("Only owners may do that.")).toHaveAttribute("role", "alert");
  });
});
