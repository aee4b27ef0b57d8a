import { useSuspenseQuery } from "@tanstack/react-query";
import { Address } from "../../components/address";
import { CopyBox } from "../../components/copy-box";
import { Panel } from "../../components/panel";
import { serverQuery } from "../account/queries";
import { type Rule, rulesOf } from "./rules";

/** What makes programs that look for secrets find this server's, and how they report them. */
export function ScannerCard() {
  const { data: server } = useSuspenseQuery(serverQuery);
  if (!server.secretPattern) return null;
  return (
    <Panel title="Secret scanners">
      <p className="text-muted">
        Programs that look for secrets in code find those of this server by a rule. Whoever finds one reports it to{" "}
        <Address text={`${server.publicUrl}/leaks`} />, without signing in.
      </p>
      {rulesOf(server.secretPattern, server.publicUrl).map((rule) => (
        <RuleText key={rule.id} rule={rule} />
      ))}
    </Panel>
  );
}

function RuleText({ rule }: { rule: Rule }) {
  return (
    <div className="grid gap-1.5">
      <h3 className="font-medium">{rule.title}</h3>
      <p className="text-[13px] text-muted">{rule.note}</p>
      <CopyBox text={rule.text} label={`Copy for ${rule.title}`} />
    </div>
  );
}
