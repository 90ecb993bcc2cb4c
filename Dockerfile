# The one image of the mesh: agent, sidecar and command line are three bundles beside each other, and the init
# container that redirects inbound traffic runs nft. The base is the public Node image, or a stand-in that has nft already.
ARG BASE=node:24-bookworm-slim
FROM ${BASE}
# Of what agents and sidecars say to each other: `docker mesh upgrade` looks here how far an image is away. A test holds both.
LABEL docker-mesh.image=mesh org.opencontainers.image.version=0.1.0 docker-mesh.contract=1
RUN command -v nft >/dev/null || { \
      apt-get update \
      && apt-get install --yes --no-install-recommends nftables \
      && rm -rf /var/lib/apt/lists/*; \
    }
# All programs with the times and rights that the archive gives them: the same content is the same layer, whenever it is built.
ADD dist/app.tar /
WORKDIR /app
# One heap of the C library for all threads, and one of V8's that stays close to what is in use: docs/scale.md.
ENV NODE_ENV=production MALLOC_ARENA_MAX=1
CMD ["node", "--max-semi-space-size=4", "--optimize-for-size", "--heap-growing-percent=25", "/app/agent.mjs"]
