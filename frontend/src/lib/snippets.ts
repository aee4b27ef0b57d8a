/** The lines a person needs to use a token: ready to paste. */
export type Snippet = {
  id: string;
  title: string;
  text: string;
  /** What to know beside them. */
  note?: string;
};

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
  const file = JSON.stringify(auth, null, 4);
  return [
    {
      id: "composer",
      title: "Composer",
      text: composer.join("\n"),
      note: "The last command stays in your shell's history. In CI, use a secret of its own.",
    },
    {
      id: "auth",
      title: "auth.json",
      text: file,
      note: "Beside composer.json, or in Composer's home. Never commit it.",
    },
    { id: "ci", title: "CI variable", text: `COMPOSER_AUTH='${JSON.stringify(auth)}'` },
    ...pipelines(host),
    {
      id: "ddev",
      title: "DDEV",
      text: [
        "mkdir -p ~/.ddev/homeadditions/.composer",
        "cat > ~/.ddev/homeadditions/.composer/auth.json <<'JSON'",
        file,
        "JSON",
        "ddev restart",
      ].join("\n"),
      note: "For all projects of yours. Where that file is there already, add the entry to it instead.",
    },
    { id: "test", title: "Test it", text: `curl -u token:${secret} ${publicUrl}/health` },
  ];
}

/** The name of the secret that pipelines keep the token in. */
const variable = "COMPOSER_TOKEN";

/** Lines that are committed: they name a secret of the pipeline, and have none. */
function pipelines(host: string): Snippet[] {
  const auth = (password: string) => JSON.stringify({ "http-basic": { [host]: { username: "token", password } } });
  return [
    {
      id: "github",
      title: "GitHub Actions",
      text: [
        "- run: composer install --no-interaction",
        "  env:",
        `    COMPOSER_AUTH: '${auth(`\${{ secrets.${variable} }}`)}'`,
      ].join("\n"),
      note: `A step of a job. Store the token under Settings, Secrets and variables, Actions, as ${variable}.`,
    },
    {
      id: "gitlab",
      title: "GitLab CI",
      text: [
        "install:",
        "  image: composer:2",
        "  variables:",
        `    COMPOSER_AUTH: '${auth(`$${variable}`)}'`,
        "  script:",
        "    - composer install --no-interaction",
      ].join("\n"),
      note: `Store the token under Settings, CI/CD, Variables, masked, as ${variable}.`,
    },
    {
      id: "bitbucket",
      title: "Bitbucket Pipelines",
      text: [
        "pipelines:",
        "  default:",
        "    - step:",
        "        image: composer:2",
        "        script:",
        `          - composer config --global http-basic.${host} token "$${variable}"`,
        "          - composer install --no-interaction",
      ].join("\n"),
      note: `Store the token under Repository settings, Repository variables, secured, as ${variable}.`,
    },
    {
      id: "docker",
      title: "Docker BuildKit",
      text: [
        "# syntax=docker/dockerfile:1",
        "# docker build --secret id=composer_auth,src=auth.json .",
        "FROM composer:2",
        "COPY composer.json composer.lock ./",
        "RUN --mount=type=secret,id=composer_auth \\",
        '    COMPOSER_AUTH="$(cat /run/secrets/composer_auth)" composer install --no-interaction --no-dev',
      ].join("\n"),
      note: "auth.json is the file of that name here. No layer of the image has it.",
    },
  ];
}

/** A secret that cannot be read over a shoulder: what it begins with, then dots. */
export function masked(text: string, secret: string): string {
  return text.replaceAll(secret, `${secret.slice(0, secret.lastIndexOf("_") + 1)}••••••••••••••••`);
}
