import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { row, TableBox } from "../../components/page";
import { Part } from "../../components/panel";
import { CardCell, TableHead } from "../../components/table";
import { Time } from "../../components/time";
import { Button } from "../../components/ui/button";
import { ReleaseNames } from "./dialogs";
import { type Claim, closedNamesQuery } from "./queries";

/** The names that a removed repository owned: no repository answers for them until a person releases them. */
export function ClosedNames({ mayManage }: { mayManage: boolean }) {
  const { data: claims = [] } = useQuery(closedNamesQuery);
  const [releasing, setReleasing] = useState<Claim | null>(null);
  if (claims.length === 0) return null;
  return (
    <div className="mt-8">
      <Part id="closed-names" title="Closed names">
        <p className="mb-3 max-w-prose text-muted">
          The repository that owned them was removed. No other answers for them, so that nobody can slip in a package of
          the same name, until another repository owns them or you release them.
        </p>
        <TableBox>
          <table className="w-full border-collapse">
            <TableHead titles={["Names", "Closed", ...(mayManage ? ["Actions"] : [])]} cards />
            <tbody>
              {claims.map((claim) => (
                <tr key={claim.id} className={`${row} max-sm:block max-sm:py-1.5`}>
                  <CardCell label="Names">
                    <code className="wrap-words">{claim.pattern}</code>
                  </CardCell>
                  <CardCell label="Closed" className="whitespace-nowrap">
                    {claim.closedAt && <Time at={claim.closedAt} />}
                  </CardCell>
                  {mayManage && (
                    <CardCell className="max-sm:block">
                      <Button onClick={() => setReleasing(claim)}>Release {claim.pattern}</Button>
                    </CardCell>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </TableBox>
      </Part>
      {releasing && <ReleaseNames claim={releasing} onClose={() => setReleasing(null)} />}
    </div>
  );
}
