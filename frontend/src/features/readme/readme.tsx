import type { Definition, Nodes, Root, Table, TableRow } from "mdast";
import { createElement, Fragment, type ReactNode, useMemo } from "react";
import { parse, safeAddress, textOf } from "./parse";

/** How deep a README is followed; what is nested deeper is left out. */
const deepest = 40;

/** How many characters of a README are shown: what is made to take long takes a second or two then. */
const longest = 60_000;

/**
 * Somebody else's Markdown as React elements. No HTML of it is ever interpreted: what is written in tags is shown as
 * text, images are links, and links lead to the web or to a mailbox only.
 */
export default function Readme({ text }: { text: string }) {
  const shown = useMemo(() => rendered(text.slice(0, longest)), [text]);
  return (
    <div className="grid min-w-0 gap-3 wrap-anywhere">
      {shown}
      {text.length > longest && <p className="text-muted">The rest of it is not shown.</p>}
    </div>
  );
}

function rendered(text: string): ReactNode {
  const root = parse(text);
  if (!root) return <pre className="whitespace-pre-wrap">{text}</pre>;
  return new Page(root).children(root, 0);
}

/** What a node of the Markdown becomes. */
class Page {
  private readonly definitions = new Map<string, Definition>();
  private level = 2;

  constructor(root: Root) {
    collect(root, this.definitions, 0);
  }

  children(node: Nodes, depth: number): ReactNode {
    if (!("children" in node) || depth > deepest) return null;
    return node.children.map((child, i) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: the text does not change
      <Fragment key={i}>{this.element(child as Nodes, depth + 1)}</Fragment>
    ));
  }

  private element(node: Nodes, depth: number): ReactNode {
    const inside = () => this.children(node, depth);
    switch (node.type) {
      case "text":
        return node.value;
      case "paragraph":
        return <p>{inside()}</p>;
      case "heading":
        return this.heading(node.depth, inside());
      case "emphasis":
        return <em>{inside()}</em>;
      case "strong":
        return <strong>{inside()}</strong>;
      case "delete":
        return <del>{inside()}</del>;
      case "inlineCode":
        return <code className="rounded bg-soft px-1">{node.value}</code>;
      case "code":
        return (
          <pre className="rounded-md bg-soft p-3 text-[13px] whitespace-pre-wrap">
            <code>{node.value}</code>
          </pre>
        );
      case "break":
        return <br />;
      case "thematicBreak":
        return <hr className="border-line" />;
      case "blockquote":
        return <blockquote className="grid gap-3 border-line border-l-4 pl-3 text-muted">{inside()}</blockquote>;
      case "list":
        return node.ordered ? (
          <ol start={node.start ?? 1} className="grid list-decimal gap-1 pl-6">
            {inside()}
          </ol>
        ) : (
          <ul className="grid list-disc gap-1 pl-6">{inside()}</ul>
        );
      case "listItem":
        return (
          <li>
            {node.checked != null && (node.checked ? "☑ " : "☐ ")}
            {inside()}
          </li>
        );
      case "html":
        return textOf(node.value);
      case "link":
        return <Away address={node.url}>{inside()}</Away>;
      case "linkReference":
        return <Away address={this.definitions.get(node.identifier)?.url}>{inside()}</Away>;
      case "image":
        return <Away address={node.url}>{node.alt || "Image"}</Away>;
      case "imageReference":
        return <Away address={this.definitions.get(node.identifier)?.url}>{node.alt || "Image"}</Away>;
      case "table":
        return this.table(node, depth);
      case "footnoteReference":
        return <sup>[{node.identifier}]</sup>;
      case "footnoteDefinition":
        return (
          <div className="grid grid-cols-[auto_1fr] gap-2 text-[13px] text-muted">
            <span>[{node.identifier}]</span>
            <div>{inside()}</div>
          </div>
        );
      default:
        return null;
    }
  }

  /** A heading below the page's own, never more than one level below the one before it. */
  private heading(depth: number, inside: ReactNode): ReactNode {
    this.level = Math.min(depth + 2, this.level + 1, 6);
    return createElement(`h${this.level}`, { className: "mt-3 font-semibold text-base first:mt-0" }, inside);
  }

  private table(node: Table, depth: number): ReactNode {
    const [head, ...rows] = node.children;
    const cells = (row: TableRow) =>
      row.children.map((one, i) => ({ key: `${i}`, inside: this.children(one, depth + 2) }));
    return (
      <table className="w-full border-collapse text-left align-top">
        <thead>
          <tr>
            {head &&
              cells(head).map(({ key, inside }) => (
                <th key={key} scope="col" className="border border-line px-2 py-1 font-medium">
                  {inside}
                </th>
              ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the text does not change
            <tr key={at}>
              {cells(row).map(({ key, inside }) => (
                <td key={key} className="border border-line px-2 py-1">
                  {inside}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    );
  }
}

/** Finds where references lead; of two with one name the first counts. */
function collect(node: Nodes, into: Map<string, Definition>, depth: number) {
  if (node.type === "definition" && !into.has(node.identifier)) into.set(node.identifier, node);
  if ("children" in node && depth <= deepest) for (const child of node.children) collect(child, into, depth + 1);
}

/** A link away from here, or its text alone where it leads nowhere that a link may. */
function Away({ address = "", children }: { address?: string; children: ReactNode }) {
  const href = safeAddress(address);
  if (!href) return children;
  return (
    <a href={href} rel="noopener noreferrer nofollow" className="text-accent underline">
      {children}
    </a>
  );
}
