# What tests look at the wire and at metrics with, and what moves the clock that a program sees, where the public Debian image can be had.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
LABEL docker-mesh.image=test-tools
RUN apt-get update \
    && apt-get install --yes --no-install-recommends curl libfaketime prometheus tcpdump \
    && rm -rf /var/lib/apt/lists/*
CMD ["sh"]
