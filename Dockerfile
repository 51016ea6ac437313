# syntax=docker/dockerfile:1

# librdkafka and OpenSSL are compiled in: this image brings the gcc, make and perl they ask for.
FROM rust:1.95-trixie AS build
WORKDIR /src
COPY . .
# What `hookbridge --version` says: --build-arg HOOKBRIDGE_COMMIT="$(git rev-parse HEAD)"
ARG HOOKBRIDGE_COMMIT
# The caches outlive every layer: dependencies, C libraries among them, are compiled again only when
# Cargo.lock moves them. The target folder is for one build at a time.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --release --locked --bin hookbridge \
    && install -D target/release/hookbridge /out/hookbridge \
    && install -d /out/spool

# glibc of the same Debian, libgcc and ca-certificates; no shell, no package manager.
FROM gcr.io/distroless/cc-debian13
ARG HOOKBRIDGE_COMMIT
LABEL org.opencontainers.image.title="hookbridge" \
      org.opencontainers.image.description="Webhook notifications of a video service to Apache Kafka" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${HOOKBRIDGE_COMMIT}" \
      org.opencontainers.image.base.name="gcr.io/distroless/cc-debian13"
COPY LICENSE /usr/share/doc/hookbridge/LICENSE
COPY --from=build /out/hookbridge /usr/local/bin/hookbridge
# A named volume that is mounted here takes its owner from it.
COPY --from=build --chown=65532:65532 /out/spool /var/lib/hookbridge
# Loopback, the default of the command line, cannot be reached from outside a container. The
# OpenSSL that is compiled in looks for authorities where no system keeps them, unless it is told.
ENV HOOKBRIDGE_LISTEN=0.0.0.0:8080 \
    HOOKBRIDGE_ADMIN_LISTEN=0.0.0.0:9090 \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
# A number, so that Kubernetes can prove `runAsNonRoot`.
USER 65532:65532
EXPOSE 8080 9090
STOPSIGNAL SIGTERM
# Not readyz: what ends an unhealthy container and starts another, as Swarm does, brings no Kafka back.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["/usr/local/bin/hookbridge", "probe", "livez"]
ENTRYPOINT ["/usr/local/bin/hookbridge"]
CMD ["serve"]
