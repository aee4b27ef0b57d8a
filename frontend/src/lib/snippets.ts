/** The lines a person needs to use a token: ready to paste. */
export type Snippet = { id: string; title: string; text: string };

/** The host as Composer keys credentials: with the port where the address has one. */
export function hostOf(publicUrl: string): string {
  return new URL(publicUrl).host;
}

export function snippets(publicUrl: string, secret: string): Snippet[] {
  const host = hostOf(publicUrl);
  const auth = { "http-basic": { [host]: { username: "token", password: secret } } };
  const composer = [
    `composer config repositories.broker composer ${publicUrl}`,
    ...(publicUrl.startsWith("http://") ? ["composer config secure-http false"] : []),
    `composer config --global http-basic.${host} token ${secret}`,
  ];
  return [
    { id: "composer", title: "Composer", text: composer.join("\n") },
    { id: "auth", title: "auth.json", text: JSON.stringify(auth, null, 4) },
    { id: "ci", title: "CI variable", text: `COMPOSER_AUTH='${JSON.stringify(auth)}'` },
    { id: "test", title: "Test it", text: `curl -u token:${secret} ${publicUrl}/health` },
  ];
}

/** A secret that cannot be read over a shoulder: what it begins with, then dots. */
export function masked(text: string, secret: string): string {
  return text.replaceAll(secret, `${secret.slice(0, secret.lastIndexOf("_") + 1)}••••••••••••••••`);
}
