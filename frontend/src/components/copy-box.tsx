import { Address } from "./address";
import { CopyButton } from "./copy-button";

type Props = {
  text: string;
  /** What is seen of it, where that is not the text itself. */
  shown?: string;
  label: string;
  onCopied?: () => void;
};

/** A command, or lines of a file, to copy. On a small screen the button stands below, so that the lines have its place. */
export function CopyBox({ text, shown = text, label, onCopied }: Props) {
  return (
    <div className="flex items-start justify-between gap-2 rounded-md bg-soft p-3 max-sm:flex-col max-sm:items-stretch">
      <pre className="min-w-0">
        <Address text={shown} />
      </pre>
      <CopyButton text={text} label={label} onCopied={onCopied} />
    </div>
  );
}
