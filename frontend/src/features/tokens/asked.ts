/** A version of a package that somebody asks about. */
export type Asked = { package: string; version: string };

/** What is asked as it stands in the address: acme/lib@1.2.0. */
export const writeAsked = ({ package: name, version }: Asked): string => `${name}@${version}`;

/** Reads it again; undefined where it is not whole. A version may have an @, a name has none. */
export function readAsked(text: string | undefined): Asked | undefined {
  const [name = "", ...version] = text?.split("@") ?? [];
  return name && version.join("@") ? { package: name, version: version.join("@") } : undefined;
}
