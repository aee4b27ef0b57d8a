import { useNavigate } from "@tanstack/react-router";
import { Part } from "../../components/panel";
import { FileLink } from "../../components/table";
import { Select } from "../../components/ui/field";
import { count } from "../../lib/time";
import { Downloads } from "../downloads/downloads";
import { downloadsFile } from "../downloads/queries";
import type { Version } from "./queries";

type Props = { name: string; versions: readonly Version[]; version?: string };

/** The id of the part of a package's page that tells who downloaded it. */
export const whoId = "who";

/** Which tokens downloaded a package, or one version of it, when and from where. */
export function WhoDownloaded({ name, versions, version }: Props) {
  const navigate = useNavigate({ from: "/packages/$vendor/$name" });
  const where = { package: name, version };
  const choose = (who: string) =>
    void navigate({ search: (now) => ({ ...now, who: who || undefined }), replace: true, resetScroll: false });
  return (
    <Part
      id={whoId}
      title="Who downloaded it"
      action={
        <>
          <Select
            aria-label="Downloaded version"
            fit
            className="mono"
            value={version ?? ""}
            onChange={({ target }) => choose(target.value)}
          >
            <option value="">All versions</option>
            {versions.map((one) => (
              <option key={one.id}>{one.version}</option>
            ))}
          </Select>
          <FileLink href={downloadsFile(where)}>CSV</FileLink>
        </>
      }
    >
      <Downloads
        where={where}
        written={new Map(versions.map((one) => [one.normalizedVersion, one.version]))}
        empty={version ? `Nobody has downloaded ${version} yet.` : "Nobody has downloaded it yet."}
        summary={(tokens) => `${count(tokens, "token")} downloaded ${version ? `version ${version}` : "it"}.`}
      />
    </Part>
  );
}
