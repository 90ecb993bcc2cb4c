// The protocol between Compose and a provider of services: JSON, a value a line, on standard output and nothing else there.
// A line of plain text ends `docker compose up`, and a variable set while it takes a project down makes it crash.

export interface ProviderMessage {
  /** `error` ends what Compose is doing, and is shown. */
  readonly type: "info" | "debug" | "error";
  readonly message: string;
}

export function printMessage({ type, message }: ProviderMessage): string {
  return `${JSON.stringify({ type, message })}\n`;
}

interface Parameter {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  readonly type: "string" | "integer";
  readonly default?: string;
  readonly enum?: string;
}

/** What Compose may pass: it keeps every other option of the compose file to itself. */
const PARAMETERS: readonly Parameter[] = [
  {
    name: "catalog",
    description: "Where services are recorded: consul, or embedded for one machine without Consul",
    required: false,
    type: "string",
    default: "consul",
    enum: "consul,embedded",
  },
  {
    name: "console-port",
    description: "Where the console is published on 127.0.0.1",
    required: false,
    type: "integer",
    default: "8600",
  },
  {
    name: "consul-port",
    description: "Where Consul is published on 127.0.0.1",
    required: false,
    type: "integer",
    default: "8500",
  },
  {
    name: "timeout",
    description: "Longest wait until all is healthy, in seconds",
    required: false,
    type: "integer",
    default: "120",
  },
];

/** The answer to `compose metadata`. */
export function printMetadata(): string {
  const metadata = {
    description: "A service mesh for this machine: services with the label mesh.enable join it",
    up: { parameters: PARAMETERS },
    down: { parameters: [] },
  };
  return `${JSON.stringify(metadata)}\n`;
}
