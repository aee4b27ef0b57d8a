const browsers: [RegExp, string][] = [
  [/\bEdg(e|A|iOS)?\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\b(Firefox|FxiOS)\//, "Firefox"],
  [/\b(HeadlessChrome|Chrome|CriOS)\//, "Chrome"],
  [/\bVersion\/.*\bSafari\//, "Safari"],
];

const systems: [RegExp, string][] = [
  [/\b(iPhone|iPod)\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bAndroid\b/, "Android"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b/, "macOS"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bLinux\b/, "Linux"],
];

/** A User-Agent in words, such as Firefox on Linux; what is no browser's is shown as it is. */
export function deviceOf(client: string): string {
  const of = (known: [RegExp, string][]) => known.find(([pattern]) => pattern.test(client))?.[1];
  const [browser, system] = [of(browsers), of(systems)];
  if (!browser) return client || "Unknown";
  return system ? `${browser} on ${system}` : browser;
}
