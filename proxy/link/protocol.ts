// The name by which two of our sidecars agree, in the TLS handshake, to speak links. Apart from everything else, so that
// whoever dials or listens needs nothing of the rest.

/** The ALPN id (RFC 7301). A later version that this one cannot speak gets another id. */
export const LINK_PROTOCOL = "docker-mesh-link/1";
