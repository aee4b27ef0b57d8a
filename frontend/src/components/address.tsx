/**
 * An address or a command, which breaks between its words and after its slashes only, where it does not fit; a part that
 * is longer than the line by itself breaks anywhere.
 */
export function Address({ text, mono = true }: { text: string; mono?: boolean }) {
  const Tag = mono ? "code" : "span";
  return (
    <Tag className="whitespace-pre-wrap">
      {partsOf(text).map(({ at, part }) =>
        /\s/.test(part) ? (
          part
        ) : (
          <span key={at} className="inline-block max-w-full wrap-anywhere">
            {part}
          </span>
        ),
      )}
    </Tag>
  );
}

/** The parts that a text may break between, and where each begins. Together they are the text. */
export function partsOf(text: string): { at: number; part: string }[] {
  return [...text.matchAll(/\s+|[^\s/?&,]*[/?&,]+|[^\s/?&,]+/g)].map(({ index, 0: part }) => ({ at: index, part }));
}
