import { everywhere, relative } from "../lib/time";

/** An instant, told relative to now, with its absolute form on hover: in the reader's zone and locale, and in UTC. */
export function Time({ at }: { at: string }) {
  return (
    <time dateTime={at} title={everywhere(at)}>
      {relative(at)}
    </time>
  );
}
