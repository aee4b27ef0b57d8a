import { absolute, relative } from "../lib/time";

/** An instant, told relative to now, with its absolute form on hover. */
export function Time({ at }: { at: string }) {
  return (
    <time dateTime={at} title={absolute(at)}>
      {relative(at)}
    </time>
  );
}
