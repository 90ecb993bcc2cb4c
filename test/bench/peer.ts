// What can be measured: a way to a backend, made of no proxy, one, or a pair with mutual TLS between them.
import { attempt } from "../../scripts/command.ts";
import type { Site } from "./site.ts";

export type Shape = "direct" | "hop" | "pair";

/** A program of somebody else, and how a person gets it. */
export interface Program {
  /** Looked for in PATH. */
  readonly name: string;
  /** An environment variable that holds its path instead. */
  readonly variable: string;
  readonly install: string;
  /** What makes it print its version; empty when nothing does. */
  readonly versionOption: string;
}

export interface Peer {
  /** As in the tables, e.g. `haproxy h1 pair`; unique. */
  readonly name: string;
  readonly shape: Shape;
  /** Nothing to install without one. */
  readonly program: Program | undefined;
  /** Starts it and returns the port of 127.0.0.1 that leads to the backend, once it accepts connections. */
  start(site: Site, program: string): Promise<number>;
}

/** The path of a program, or undefined when the machine does not have it. */
export async function findProgram({ name, variable }: Program): Promise<string | undefined> {
  const given = process.env[variable];
  if (given !== undefined && given !== "") return given;
  const { code, stdout } = await attempt("sh", ["-c", `command -v "$1"`, "sh", name]);
  return code === 0 ? stdout.trim() : undefined;
}

/** The first number with dots in what a program says of itself. */
export async function versionOf(path: string, option: string): Promise<string> {
  if (option === "") return "";
  const { stdout, stderr } = await attempt(path, [option]);
  return /\d+(?:\.\d+)+/.exec(`${stdout}${stderr}`)?.[0] ?? "";
}
