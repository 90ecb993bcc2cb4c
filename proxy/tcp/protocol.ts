// How two of our sidecars agree that a connection carries a byte stream and not a link.

/** The ALPN id; whoever does not know it takes the connection as its port's protocol says. */
export const TCP_PROTOCOL = "docker-mesh-tcp/1";
