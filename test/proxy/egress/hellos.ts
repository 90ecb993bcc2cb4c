// First messages of TLS, made by hand, so that every part of them can be wrong.

export function vector(size: 1 | 2, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length = Buffer.alloc(size);
  length.writeUIntBE(content.length, 0, size);
  return Buffer.concat([length, content]);
}

export function number(value: number, size: 1 | 2 | 3): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeUIntBE(value, 0, size);
  return bytes;
}

export function extension(type: number, data: Buffer): Buffer {
  return Buffer.concat([number(type, 2), vector(2, data)]);
}

/** An entry of the list of names. */
export function nameEntry(name: string, type = 0): Buffer {
  return Buffer.concat([number(type, 1), vector(2, Buffer.from(name, "latin1"))]);
}

export function serverName(name: string): Buffer {
  return extension(0, vector(2, nameEntry(name)));
}

/** Supported versions, key share of a post-quantum exchange, and a GREASE value: what others send besides. */
export const OTHERS: readonly Buffer[] = [
  extension(0x2a2a, Buffer.alloc(0)),
  extension(43, Buffer.from([2, 3, 4])),
  extension(51, vector(2, number(0x11ec, 2), vector(2, Buffer.alloc(1_216, 7)))),
];

export interface HelloParts {
  readonly sessionId?: Buffer;
  readonly suites?: Buffer;
  readonly compressions?: Buffer;
  /** Undefined: the message ends before them. */
  readonly extensions?: readonly Buffer[] | undefined;
  /** Behind the extensions. */
  readonly rest?: Buffer;
}

/** The message with its header. */
export function message(parts: HelloParts, type = 1): Buffer {
  const { sessionId = Buffer.alloc(32, 1), suites = Buffer.from([0x13, 1, 0x13, 2]) } = parts;
  const { compressions = Buffer.from([0]), rest = Buffer.alloc(0) } = parts;
  const body = Buffer.concat([
    ...[number(0x0303, 2), Buffer.alloc(32, 9), vector(1, sessionId), vector(2, suites)],
    vector(1, compressions),
    ...("extensions" in parts && parts.extensions === undefined
      ? []
      : [vector(2, ...(parts.extensions ?? []))]),
    rest,
  ]);
  return Buffer.concat([number(type, 1), number(body.length, 3), body]);
}

/** Records with at most so many bytes each. */
export function records(content: Buffer, most = 16_384, type = 0x16, version = 0x0301): Buffer {
  const all: Buffer[] = [];
  for (let at = 0; at < content.length; at += most)
    all.push(number(type, 1), number(version, 2), vector(2, content.subarray(at, at + most)));
  return Buffer.concat(all);
}

export function hello(name: string): Buffer {
  return records(message({ extensions: [...OTHERS, serverName(name)] }));
}
