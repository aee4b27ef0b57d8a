import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import * as paths from "./paths";

const startWithin = 20_000;

/** A program that runs until it is stopped, and what it has written so far. */
class Program {
  private written = "";
  private readonly child: ChildProcess;

  constructor(path: string, args: string[], env: NodeJS.ProcessEnv, cwd?: string) {
    this.child = spawn(path, args, { env, cwd, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on("data", (data) => {
        this.written += data;
      });
    }
  }

  /** Waits until something was written. */
  async says(wanted: RegExp): Promise<string> {
    for (const end = Date.now() + startWithin; Date.now() < end; ) {
      const found = wanted.exec(this.written);
      if (found) return found[0];
      if (this.child.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`${this.child.spawnfile} did not say ${wanted}:\n${this.written}`);
  }

  async stop() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill("SIGTERM");
    await once(this.child, "exit");
  }
}

let lastPort = Math.floor(Math.random() * 10_000); // one after the other, so that a process gives none twice

/** A port that nobody listens on, and none that systems give to who asks for any: no connection takes it meanwhile. */
async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    lastPort = (lastPort + 1) % 10_000;
    const port = 10_000 + lastPort;
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!free) continue;
    server.close();
    await once(server, "close");
    return port;
  }
  throw new Error("there is no free port");
}

/** The first owner. */
export const owner = { email: "owner@example.org", password: "correct horse battery" };

export type Role = "viewer" | "maintainer" | "owner";

export type Broker = {
  url: string;
  /** A repository to mirror. */
  upstream: string;
  /** The link to make the first owner with; empty where there is one already. */
  setupLink: string;
  /** Makes a person who signs in with the owner's password; returns their address. */
  makeUser: (role: Role) => Promise<string>;
  stop: () => Promise<void>;
};

/** Starts the real server on an empty data directory, beside an upstream; with an owner, or waiting to be set up. */
export async function startBroker(
  withOwner: boolean,
  host = "127.0.0.1",
  more: NodeJS.ProcessEnv = {},
): Promise<Broker> {
  const upstream = new Program(paths.fixture, ["-listen", "127.0.0.1:0"], process.env);
  const dataDir = await mkdtemp(join(tmpdir(), "broker-e2e-"));
  const url = `http://${host}:${await freePort()}`;
  const env = {
    ...withoutSettings(process.env),
    ...settings(url, dataDir),
    ...(withOwner ? ownerSettings : {}),
    ...more,
  };
  const server = new Program(paths.broker, [], env, dataDir);
  const stop = async () => {
    await server.stop();
    await upstream.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const setupLink = withOwner ? "" : await server.says(/http:\/\/\S+\/setup#[^\s"]+/);
    await answers(`${url}/ready`);
    return {
      url,
      upstream: await upstream.says(/http:\/\/\S+/),
      setupLink,
      makeUser: makeUserWith(env, dataDir),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** People are made on the command line, beside the server that runs. */
function makeUserWith(env: NodeJS.ProcessEnv, cwd: string) {
  return async (role: Role) => {
    const email = `${role}@example.org`;
    const made = promisify(execFile)(paths.broker, ["user", "create", "--email", email, "--role", role], { env, cwd });
    made.child.stdin?.end(`${owner.password}\n`);
    await made;
    return email;
  };
}

const settings = (url: string, dataDir: string) => ({
  BROKER_LISTEN: `127.0.0.1:${new URL(url).port}`,
  BROKER_PUBLIC_URL: url,
  BROKER_DATA_DIR: join(dataDir, "data"),
  BROKER_ALLOWED_UPSTREAMS: "127.0.0.0/8",
});

const ownerSettings = { BROKER_ADMIN_EMAIL: owner.email, BROKER_ADMIN_PASSWORD: owner.password };

/** The environment without what an operator may have set for a server of their own. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("BROKER_")));
}

async function answers(url: string) {
  for (const end = Date.now() + startWithin; Date.now() < end; ) {
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${url} does not answer`);
}
