import { later } from "../../components/later";
import { Panel } from "../../components/panel";
import type { Props } from "./explain";

const Explain = later(async () => (await import("./explain")).Explain);

/** Tells why a token gets a version of a package, or not. It keeps the place of its fields until they are loaded. */
export function ExplainPanel(props: Props) {
  return (
    <Panel title="Explain">
      <p className="-mt-3 text-muted">Why it gets a version of a package, or not. Nothing is fetched for it.</p>
      <div className="min-h-[190px] sm:min-h-[63px]">
        <Explain {...props} />
      </div>
    </Panel>
  );
}
