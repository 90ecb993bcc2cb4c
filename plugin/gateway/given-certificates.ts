// The certificates that people give to gateways: NAME.crt and NAME.key in one folder of the agent's. Looked at again and
// again; what cannot be used any more does not take the place of what could.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { describeError } from "../../mesh/errors.ts";
import type { Problem } from "../status.ts";
import type { KeyPair } from "./gateway-section.ts";

const CERTIFICATE = ".crt";
const KEY = ".key";
const DAY = 86_400_000;
/** From so many days before its end on a certificate is spoken of. */
const SOON = 7;

interface Given {
  /** What the files said last, to see whether they say something else. */
  readonly text: string;
  /** Undefined when they could never be used. */
  readonly pair: KeyPair | undefined;
  readonly leaf: X509Certificate | undefined;
  /** What is wrong with the files. */
  readonly problem: string | undefined;
}

export class GivenCertificates {
  readonly #folder: string;
  #given: ReadonlyMap<string, Given> | undefined;
  #folderProblem: string | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Whether the folder has been looked at. */
  get isKnown(): boolean {
    return this.#given !== undefined;
  }

  find(name: string): KeyPair | undefined {
    return this.#given?.get(name)?.pair;
  }

  /** Looks at the folder; true when something is otherwise than before. Never rejects. */
  async look(): Promise<boolean> {
    const before = this.#given;
    const problemBefore = this.#folderProblem;
    const names = await this.#names();
    const entries = names.map(
      async (name): Promise<[string, Given]> => [name, await this.#read(name, before?.get(name))],
    );
    this.#given = new Map(await Promise.all(entries));
    return (
      before === undefined ||
      problemBefore !== this.#folderProblem ||
      before.size !== this.#given.size ||
      [...this.#given].some(([name, given]) => before.get(name) !== given)
    );
  }

  /** Of those that are in use, by the hosts for which they are; `now` is wall clock, ms. */
  problems(
    uses: readonly { readonly name: string; readonly host: string }[],
    now: number,
  ): Problem[] {
    const named = [...new Set(uses.map(({ name }) => name))];
    const found = named.flatMap((name) => {
      const given = this.#given?.get(name);
      const about = (message: string): Problem => ({
        ...{ subject: `${name}${CERTIFICATE}`, code: "CERTIFICATE_INVALID", message },
      });
      const messages = given === undefined ? [] : [...judge(given, now)];
      return messages.map(about);
    });
    const folder = this.#folderProblem;
    if (folder !== undefined && named.length > 0)
      found.push({ subject: "gateway", code: "CERTIFICATE_INVALID", message: folder });
    return [...found, ...uses.flatMap(({ name, host }) => this.#mismatch(name, host))];
  }

  #mismatch(name: string, host: string): Problem[] {
    const leaf = this.#given?.get(name)?.leaf;
    // Of a wildcard, any name that it stands for.
    if (leaf === undefined || leaf.checkHost(host.replace(/^\*/, "any")) !== undefined) return [];
    const message = `is presented for ${host} and does not name it (${leaf.subjectAltName ?? "it names nobody"}): clients will refuse it`;
    return [{ subject: `${name}${CERTIFICATE}`, code: "CERTIFICATE_INVALID", message }];
  }

  async #names(): Promise<readonly string[]> {
    try {
      const files = await readdir(this.#folder);
      this.#folderProblem = undefined;
      return files
        .filter((file) => file.endsWith(CERTIFICATE))
        .map((file) => file.slice(0, -CERTIFICATE.length));
    } catch (error) {
      const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
      // There to be filled, with `docker cp` for one.
      if (isMissing) await mkdir(this.#folder, { mode: 0o700 }).catch(() => undefined);
      this.#folderProblem = isMissing
        ? undefined
        : `the folder of certificates ${this.#folder} cannot be read: ${describeError(error)}`;
      return [];
    }
  }

  async #read(name: string, before: Given | undefined): Promise<Given> {
    const [certificate, key] = await Promise.all([
      readText(join(this.#folder, name + CERTIFICATE)),
      readText(join(this.#folder, name + KEY)),
    ]);
    const text = JSON.stringify([certificate, key]);
    if (before?.text === text) return before;
    try {
      const pair = { certificateChain: textOf(certificate), privateKey: textOf(key) };
      return { text, pair, leaf: usable(pair), problem: undefined };
    } catch (error) {
      const problem = describeError(error);
      return { text, pair: before?.pair, leaf: before?.leaf, problem };
    }
  }
}

type Read = { readonly text: string } | { readonly problem: string };

async function readText(path: string): Promise<Read> {
  try {
    return { text: await readFile(path, "utf8") };
  } catch (error) {
    return { problem: describeError(error) };
  }
}

function textOf(read: Read): string {
  if ("problem" in read) throw new Error(read.problem);
  return read.text;
}

/** The leaf. Throws where a server could not use the two. */
function usable({ certificateChain, privateKey }: KeyPair): X509Certificate {
  const leaf = new X509Certificate(certificateChain);
  if (!leaf.checkPrivateKey(createPrivateKey(privateKey)))
    throw new Error("expected the private key of the certificate, found another one");
  createSecureContext({ cert: certificateChain, key: privateKey });
  return leaf;
}

function* judge({ pair, leaf, problem }: Given, now: number): Generator<string> {
  if (problem !== undefined) {
    const kept = pair === undefined ? "" : "; until then the one before stays in use";
    yield `cannot be used (${problem}): expected PEM, the leaf first, and its key beside it${kept}`;
  }
  if (leaf === undefined) return;
  const left = leaf.validToDate.getTime() - now;
  if (left <= 0) yield `has expired on ${leaf.validTo}: clients refuse it`;
  else if (left < SOON * DAY) yield `expires on ${leaf.validTo}: put a newer one in its place`;
  if (leaf.validFromDate.getTime() > now) yield `is not valid before ${leaf.validFrom}`;
}
