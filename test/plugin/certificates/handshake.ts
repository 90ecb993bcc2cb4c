// A mutual TLS 1.3 handshake over loopback, as two sidecars do it.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";
import { readSoleUriName } from "../../../mesh/certificate.ts";
import type { Leaf } from "../../../plugin/certificates/authority.ts";

export interface Party {
  readonly leaf: Leaf;
  readonly roots: readonly string[];
}

export interface Handshake {
  readonly protocol: string | null;
  /** The SPIFFE id that each side read from the other's certificate. */
  readonly clientSaw: string;
  readonly serverSaw: string;
}

/** Rejects with the error of the side that refused the other. */
export async function handshake(client: Party, server: Party): Promise<Handshake> {
  const listener = createServer({ ...credentials(server), requestCert: true });
  const refused = once(listener, "tlsClientError").then(([error]) => Promise.reject(error));
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const accepted = once(listener, "secureConnection");
  const socket = connect({
    ...credentials(client),
    port: (listener.address() as AddressInfo).port,
    checkServerIdentity: () => undefined,
  });
  try {
    // Only when the server has accepted too is the client's certificate judged.
    const [[serverSide]] = (await Promise.race([
      Promise.all([accepted, once(socket, "secureConnect")]),
      refused,
    ])) as [[TLSSocket], unknown];
    const seen = {
      protocol: socket.getProtocol(),
      clientSaw: peerName(socket),
      serverSaw: peerName(serverSide),
    };
    serverSide.destroy();
    return seen;
  } finally {
    refused.catch(() => undefined);
    socket.on("error", () => undefined).destroy();
    listener.close();
  }
}

function credentials({ leaf, roots }: Party): object {
  return {
    cert: leaf.certificateChain,
    key: leaf.privateKey,
    ca: roots,
    minVersion: "TLSv1.3",
    rejectUnauthorized: true,
  };
}

function peerName(socket: TLSSocket): string {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) throw new Error("expected a certificate of the peer, got none");
  return readSoleUriName(certificate.raw);
}
