import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { Fact, Facts } from "../../components/panel";
import { Time } from "../../components/time";
import type { RepositoryQuery } from "../../gql/graphql";
import { bytes, count, number } from "../../lib/time";
import { useMay } from "../account/may";
import { RepositoryDialog } from "./dialogs";
import { credentialNames, type FormField } from "./form";
import type { Repository } from "./queries";
import { RepositoryState } from "./status";

type Full = NonNullable<RepositoryQuery["repository"]>;

/** How a repository stands and all that is decided of it; what a person may change has a button that leads to its field. */
export function RepositoryFacts({ repository }: { repository: Full }) {
  const mayManage = useMay("MANAGE_REPOSITORIES");
  const mayChangeSettings = useMay("MANAGE_SETTINGS");
  const [field, setField] = useState<FormField>();
  const uploads = repository.type === "ARTIFACT";
  const decided = (name: string, of: FormField, children: ReactNode) => (
    <Fact name={name} action={mayManage && <Change name={name} onClick={() => setField(of)} />}>
      {children}
    </Fact>
  );
  return (
    <>
      <Facts className="mb-8 rounded-lg border border-line bg-panel p-5 lg:grid-cols-4">
        <Fact name="Status">
          <RepositoryState repository={repository} />
        </Fact>
        <Fact name="Packages">
          <Link to="/packages" search={{ repository: repository.id }} className="text-accent underline">
            {number(repository.packageCount)}
          </Link>
        </Fact>
        <Fact name="Versions">
          {number(repository.versionCount)}
          <Link
            to="/versions"
            search={{ repository: repository.id }}
            className="block text-[13px] text-accent underline"
          >
            Changed and held back
          </Link>
        </Fact>
        <Fact name="Stored archives">{bytes(repository.storedBytes)}</Fact>
        {decided(
          "Only these packages",
          "packages",
          patterns(repository.packages, uploads ? "Whatever is uploaded" : "All it has"),
        )}
        {decided("Owns", "owns", patterns(repository.owns, "Nothing"))}
        <Fact name="Closed names">
          {patterns(repository.closedNames, "None")}
          {repository.closedNames.length > 0 && (
            <span className="block text-[13px] text-muted">
              Its packages of these names are not served until a repository owns them, or somebody{" "}
              <Link to="/repositories" hash="closed-names" className="text-accent underline">
                releases the names
              </Link>
              .
            </span>
          )}
        </Fact>
        {decided("Priority", "priority", repository.priority)}
        {!uploads && (
          <>
            {decided("Credential", "credential", credential(repository))}
            {decided("Cooldown", "cooldownDays", cooldown(repository))}
            {decided(
              "Archives",
              "distMode",
              repository.distMode === "REWRITE"
                ? "Rewrite: from this server alone"
                : "Mirror: the source as a fallback",
            )}
            <Fact name="Fetched ahead" action={mayChangeSettings && <ChangeSetting />}>
              {repository.prefetch ? "New versions of what is in use" : "Nothing: archives come when first asked for"}
            </Fact>
            <Fact name="Mirrored">
              {repository.listed ? "As a whole" : "By name, when somebody asks for a package"}
            </Fact>
          </>
        )}
        {repository.type === "COMPOSER" &&
          decided("Packed from", "packFrom", patterns(repository.packFrom, "Its own host alone"))}
        {repository.type === "VCS" && decided("Paths", "paths", patterns(repository.paths ?? [], "The top"))}
        {repository.hostKeys.length > 0 && decided("Host key", "forgetHostKeys", patterns(repository.hostKeys, "None"))}
      </Facts>
      {field && <RepositoryDialog repository={repository} field={field} onClose={() => setField(undefined)} />}
    </>
  );
}

const link = "rounded text-[13px] text-accent underline";

function Change({ name, onClick }: { name: string; onClick: () => void }) {
  return (
    <button type="button" aria-label={`Change: ${name}`} className={`min-h-6 ${link}`} onClick={onClick}>
      Change
    </button>
  );
}

function ChangeSetting() {
  return (
    <Link to="/settings" aria-label="Change: Fetched ahead, in the settings of the server" className={link}>
      Change
    </Link>
  );
}

function credential({ credential: type, health }: Full): ReactNode {
  return (
    <>
      {type === "NONE" ? "None" : credentialNames[type]}
      {health.credentialExpiresAt && (
        <span className="block text-[13px] text-muted">
          Ends <Time at={health.credentialExpiresAt} />
        </span>
      )}
    </>
  );
}

function cooldown({ cooldownDays, cooldownExceptions }: Repository): ReactNode {
  if (cooldownDays === 0) return "None";
  return (
    <>
      {count(cooldownDays, "day")}
      {cooldownExceptions.length > 0 && <> but for {patterns(cooldownExceptions, "")}</>}
    </>
  );
}

function patterns(list: readonly string[], none: string): ReactNode {
  return list.length === 0 ? none : <code className="wrap-anywhere">{list.join(", ")}</code>;
}
