/** Ready rules for programs that look for secrets. */
export type Rule = { id: string; title: string; note: string; text: string };

/** The fixed beginning of a pattern, such as pkb_: scanners look for it first, because it is cheap. */
export function keywordOf(pattern: string): string | undefined {
  return /[A-Za-z][A-Za-z0-9]*_/.exec(pattern.replaceAll(/\\[a-zA-Z]/g, " "))?.[0];
}

/** The same pattern without word boundaries: GitHub has fields of its own for what stands around a secret. */
export const withoutBounds = (pattern: string): string => pattern.replaceAll("\\b", "");

export function rulesOf(pattern: string, publicUrl: string): Rule[] {
  const { host } = new URL(publicUrl);
  const keyword = keywordOf(pattern);
  const gitleaks = [
    "[[rules]]",
    'id = "package-broker-token"',
    `description = "Access token of ${host}"`,
    `regex = '''${pattern}'''`,
    ...(keyword ? [`keywords = ["${keyword}"]`] : []),
  ];
  return [
    { id: "gitleaks", title: "gitleaks", note: "For .gitleaks.toml.", text: gitleaks.join("\n") },
    {
      id: "github",
      title: "GitHub custom pattern",
      note: "The secret format of a new custom pattern. What stands before and after stays as GitHub proposes it.",
      text: withoutBounds(pattern),
    },
    {
      id: "report",
      title: "Report a leak",
      note: "With the secret that was found, and where.",
      text: reportCommand(publicUrl),
    },
  ];
}

/** How a scanner reports what it found. */
function reportCommand(publicUrl: string): string {
  const body = JSON.stringify({ secret: "SECRET", url: "https://git.example.org/acme/shop/blob/main/.env" });
  return `curl -H 'Content-Type: application/json' \\\n  -d '${body}' \\\n  ${publicUrl}/leaks`;
}
