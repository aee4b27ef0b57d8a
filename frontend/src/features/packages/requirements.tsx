import { Panel } from "../../components/panel";
import { number } from "../../lib/time";
import { PackageLink } from "./package-link";
import type { FullVersion, Requirement } from "./queries";

/** The kinds of what a version says of other packages, each under its heading. */
const kinds: Record<string, string> = {
  require: "Requires",
  "require-dev": "Requires for development",
  conflict: "Conflicts with",
  replace: "Replaces",
  provide: "Provides",
  suggest: "Suggests",
};

/** What a version requires, and what it says of other packages; only what leads somewhere is a link. */
export function Requirements({ version }: { version?: FullVersion | null }) {
  const requires = version?.requires ?? [];
  const some = Object.entries(kinds).filter(([kind]) => requires.some((one) => one.kind === kind));
  return (
    <Panel>
      {!version && <p className="text-muted">…</p>}
      {version && some.length === 0 && <p className="text-muted">It requires nothing.</p>}
      {some.map(([kind, title]) => (
        <section key={kind} className="grid gap-1.5">
          <h2 className="font-semibold text-base">{title}</h2>
          <ul className="grid gap-1.5">
            {requires
              .filter((one) => one.kind === kind)
              .map((one) => (
                <Link key={one.package} requirement={one} />
              ))}
          </ul>
        </section>
      ))}
    </Panel>
  );
}

function Link({ requirement: { package: name, constraint, known, kind } }: { requirement: Requirement }) {
  return (
    <li className="flex flex-wrap justify-between gap-x-4 wrap-anywhere">
      {known ? <PackageLink name={name.toLowerCase()} marked /> : <span>{name}</span>}
      {kind === "suggest" ? <span className="text-muted">{constraint}</span> : <code>{constraint}</code>}
    </li>
  );
}

/** The packages here that require this one. */
export function Dependents({ version }: { version?: FullVersion | null }) {
  const found = version?.dependents;
  if (!found || found.totalCount === 0) return null;
  const names = [...new Set((found.edges ?? []).flatMap((edge) => (edge?.node ? [edge.node.name] : [])))];
  return (
    <Panel title="Required by">
      <ul className="flex flex-wrap gap-x-5 gap-y-1.5">
        {names.map((name) => (
          <li key={name}>
            <PackageLink name={name} marked />
          </li>
        ))}
      </ul>
      {found.totalCount > names.length && (
        <p className="text-[13px] text-muted">
          The first {number(names.length)} of {number(found.totalCount)}.
        </p>
      )}
    </Panel>
  );
}
