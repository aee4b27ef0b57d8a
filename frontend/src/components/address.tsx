/**
 * An address or a command. Where it does not fit, it breaks between its words; a word that is longer than the line
 * breaks after its slashes; what is longer than the line even so breaks anywhere.
 */
export function Address({ text, mono = true }: { text: string; mono?: boolean }) {
  const Tag = mono ? "code" : "span";
  return (
    <Tag className="whitespace-pre-wrap">
      {partsOf(text, /\s+|\S+/g).map(({ at, part }) =>
        /\s/.test(part) ? (
          part
        ) : (
          <span key={at} className={together}>
            <Word text={part} />
          </span>
        ),
      )}
    </Tag>
  );
}

const together = "inline-block max-w-full wrap-words";

/** A word of so many letters fits every line. */
const short = 24;

function Word({ text }: { text: string }) {
  const parts = partsOf(text, afterSlashes);
  if (parts.length === 1 || text.length <= short) return text;
  return parts.map(({ at, part }) => (
    <span key={at} className={together}>
      {part}
    </span>
  ));
}

/** A scheme stays with its host. */
export const afterSlashes = /(?:\w+:\/\/)?[^/?&,]*[/?&,]+|[^/?&,]+/g;

/** The pieces of a text, and where each begins. Together they are the text. */
export function partsOf(text: string, piece: RegExp): { at: number; part: string }[] {
  return [...text.matchAll(piece)].map(({ index, 0: part }) => ({ at: index, part }));
}
