import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { broker, fixture, root } from "./paths";

/** Builds the programs that the tests run: the fixture upstream always, the server where there is none yet. */
export default function build() {
  const go = (output: string, pkg: string) =>
    execFileSync("go", ["build", "-o", output, pkg], { cwd: root, stdio: "inherit" });
  go(fixture, "./server/fixture/cmd");
  if (!existsSync(broker)) go(broker, "./server");
}
