import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** The repository's root. */
export const root = resolve(import.meta.dirname, "../..");

/** The server under test, with the dashboard inside. */
export const broker = resolve(process.env.BROKER_BIN ?? join(root, "bin/broker"));

/** The upstream that it mirrors. */
export const fixture = join(tmpdir(), `broker-e2e-fixture-${process.getuid?.() ?? 0}`);
