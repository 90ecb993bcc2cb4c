// How two of our sidecars agree to speak links.

/** The ALPN id of links. A foreign peer does not offer it. */
export const LINK_PROTOCOL = "docker-mesh-link/1";
