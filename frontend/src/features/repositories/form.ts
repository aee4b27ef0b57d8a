import type { CreateRepositoryInput, CredentialType, DistMode, RepositoryType } from "../../gql/graphql";
import { words } from "../tokens/form";
import type { Repository } from "./queries";

/** What is typed into the form of a repository. KEEP leaves the stored credential as it is. */
export type Typed = {
  type: RepositoryType;
  name: string;
  url: string;
  credential: CredentialType | "KEEP";
  username: string;
  secret: string;
  header: string;
  packages: string;
  owns: string;
  paths: string;
  packFrom: string;
  priority: string;
  mode: DistMode;
  cooldown: string;
  exceptions: string;
  forgetHostKeys: boolean;
};

/** The fields of the API that the form shows. */
export const formFields = [
  "type",
  "name",
  "url",
  "credential",
  "paths",
  "packFrom",
  "forgetHostKeys",
  "packages",
  "owns",
  "priority",
  "distMode",
  "cooldownDays",
  "cooldownExceptions",
] as const;
export type FormField = (typeof formFields)[number];

const lines = (list?: readonly string[] | null) => list?.join("\n") ?? "";

export function formOf(repository?: Repository): Typed {
  return {
    type: repository?.type ?? "COMPOSER",
    name: repository?.name ?? "",
    url: repository?.url ?? "",
    credential: repository ? "KEEP" : "NONE",
    username: "",
    secret: "",
    header: "",
    packages: lines(repository?.packages),
    owns: lines(repository?.owns),
    paths: lines(repository?.paths),
    packFrom: lines(repository?.packFrom),
    priority: String(repository?.priority ?? 100),
    mode: repository?.distMode ?? "REWRITE",
    cooldown: String(repository?.cooldownDays ?? 0),
    exceptions: lines(repository?.cooldownExceptions),
    forgetHostKeys: false,
  };
}

/** A name that fits the address, while none was chosen: the host, and of a git repository its own name. */
export function nameOf(address: string, type: RepositoryType = "COMPOSER"): string {
  const slug = (text: string) =>
    text
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-|-$/g, "");
  if (type === "VCS") return slug(/([^/:]+?)(\.git)?\/*$/.exec(address.trim())?.[1] ?? "").slice(0, 64);
  try {
    return slug(new URL(address).hostname);
  } catch {
    return "";
  }
}

/** Whether git asks an address over ssh. */
export function isSSH(address: string): boolean {
  return /^ssh:\/\//.test(address.trim()) || (/^[\w.-]+@[\w.-]+:/.test(address.trim()) && !address.includes("://"));
}

function credentialOf({ credential: type, username, secret, header }: Typed) {
  return type === "KEEP" ? undefined : { type, username, secret, header };
}

const isUploads = ({ type }: Typed) => type === "ARTIFACT";
const isGit = ({ type }: Typed) => type === "VCS";

/** What the API is sent of the form. */
export function inputOf(form: Typed, before?: Repository) {
  const source = { url: form.url.trim(), credential: credentialOf(form), distMode: form.mode };
  return {
    ...(isGit(form) ? { paths: words(form.paths) } : {}),
    ...(before?.type === "COMPOSER" ? { packFrom: words(form.packFrom) } : {}),
    ...(before && form.forgetHostKeys ? { forgetHostKeys: true } : {}),
    name: form.name.trim(),
    packages: words(form.packages),
    owns: words(form.owns),
    priority: Number(form.priority),
    ...(isUploads(form)
      ? {}
      : { ...source, cooldownDays: Number(form.cooldown), cooldownExceptions: words(form.exceptions) }),
  };
}

/** What a check of the source goes by; its name is of no matter yet. */
export function sourceOf(form: Typed): CreateRepositoryInput {
  return {
    name: "check",
    type: form.type,
    url: form.url.trim(),
    packages: words(form.packages),
    credential: credentialOf(form),
    ...(isGit(form) ? { paths: words(form.paths) } : {}),
  };
}

/** What the form itself can tell is wrong, by field. */
export function wrong({ priority, cooldown }: Typed): Record<string, string> {
  const whole = (text: string, most: number) => /^\d{1,7}$/.test(text.trim()) && Number(text) <= most;
  return {
    ...(whole(priority, 1_000_000) ? {} : { priority: "A whole number between 0 and 1000000." }),
    ...(whole(cooldown, 365) ? {} : { cooldownDays: "A whole number of days between 0 and 365." }),
  };
}

/** An SSH key is for addresses of ssh, and the others for the others. */
export function credentialFor(form: Typed, address: string): Partial<Typed> {
  if (!isGit(form) || form.credential === "KEEP" || form.credential === "NONE") return {};
  return isSSH(address) === (form.credential === "SSH_KEY") ? {} : { credential: "NONE" };
}

/** What the types of credentials are called. */
export const credentialNames: Record<Exclude<CredentialType, "NONE">, string> = {
  HTTP_BASIC: "HTTP Basic",
  BEARER: "Bearer token",
  HEADER: "Header",
  GITHUB: "GitHub token",
  GITLAB: "GitLab token",
  BITBUCKET: "Bitbucket access token",
  GITEA: "Gitea or Forgejo token",
  SSH_KEY: "SSH key",
};

/** The credentials that a kind of address takes. */
export function credentialsOf(form: Typed): (keyof typeof credentialNames)[] {
  if (isGit(form) && isSSH(form.url)) return ["SSH_KEY"];
  return ["HTTP_BASIC", "BEARER", "HEADER", "GITHUB", "GITLAB", "BITBUCKET", "GITEA"];
}
