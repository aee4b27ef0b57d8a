import type { Root } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";

/** A line that begins with more marks of quotes and lists than anybody writes: reading many of them takes very long. */
const tooDeep = /^(?![ \t]*([*-])(?:[ \t]*\1)*[ \t]*$)(?:[ \t]*(?:>|(?:[*+-]|\d{1,9}[.)])[ \t])){9}/m;

/** Reads Markdown as GitHub writes it; undefined where it is nested too deep to be read in good time. */
export function parse(markdown: string): Root | undefined {
  if (tooDeep.test(markdown)) return undefined;
  return fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
}

/**
 * Where a link of somebody else's text may lead: to an absolute address of the web, or to a mailbox. Anything else, such
 * as javascript:, data: or a place in the package's repository, is no link.
 */
export function safeAddress(address: string): string | undefined {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return undefined;
  }
  const web = url.protocol === "https:" || url.protocol === "http:";
  return web || url.protocol === "mailto:" ? url.href : undefined;
}

/** The text that a piece of HTML shows, without its tags, its comments, and what is no text. */
export function textOf(html: string): string {
  return html
    .replaceAll(/<!--.*?(-->|$)/gs, "")
    .replaceAll(/<(script|style|template)\b.*?(<\/\1\s*>|$)/gis, "")
    .replaceAll(/<[^>]*>?/g, "")
    .trim();
}
