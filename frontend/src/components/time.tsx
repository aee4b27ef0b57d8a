import { everywhere, local, relative } from "../lib/time";

type Props = {
  at: string | Date;
  /** In full, instead of relative to now: where it is the point of the sentence. */
  long?: boolean;
  now?: Date;
};

/** An instant as its reader writes times, in their zone: relative to now, or in full. On hover also in UTC. */
export function Time({ at, long, now }: Props) {
  return (
    <time dateTime={typeof at === "string" ? at : at.toISOString()} title={everywhere(at)}>
      {long ? local(at) : relative(at, now)}
    </time>
  );
}
