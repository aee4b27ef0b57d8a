import { type ComponentProps, useId } from "react";
import { Input } from "./ui/field";

/** A field that suggests what can be typed, and takes anything else as well. */
export function SuggestInput({ suggestions, ...props }: ComponentProps<"input"> & { suggestions: readonly string[] }) {
  const list = useId();
  return (
    <>
      <Input {...props} list={list} autoComplete="off" autoCapitalize="none" spellCheck={false} className="mono" />
      <datalist id={list}>
        {suggestions.map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
    </>
  );
}
