# tablehaul-worker and tablehaul in one image: static programs, no shell, no root.
#
#   docker build -t tablehaul .
#   docker run --rm tablehaul --help                            # the worker
#   docker run --rm --entrypoint tablehaul tablehaul --help     # the command line
#
# GO_IMAGE names another image with Go, a shell and CA certificates, where the default cannot be had.
ARG GO_IMAGE=golang:1.26.8-bookworm

FROM ${GO_IMAGE} AS build
WORKDIR /src
ENV CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOTOOLCHAIN=local
COPY . .
# A context with a vendor folder is built without asking for any module.
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    GOMODCACHE=/go/pkg/mod go build -trimpath -ldflags='-s -w' -o /out/usr/bin/ ./worker ./starter && \
    mv /out/usr/bin/worker /out/usr/bin/tablehaul-worker && \
    mv /out/usr/bin/starter /out/usr/bin/tablehaul && \
    mkdir -p /out/etc/ssl/certs /out/var/lib/tablehaul /out/tmp && \
    cp /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/ && \
    echo 'tablehaul:x:65532:65532::/var/lib/tablehaul:/nologin' > /out/etc/passwd && \
    echo 'tablehaul:x:65532:' > /out/etc/group && \
    chown 65532:65532 /out/var/lib/tablehaul && chmod 0700 /out/var/lib/tablehaul && chmod 1777 /out/tmp

# Time zones are in the programs: see internal/config.
FROM scratch
LABEL org.opencontainers.image.title=tablehaul org.opencontainers.image.licenses=Apache-2.0
COPY --from=build /out/ /
USER 65532:65532
# A named volume here takes over the folder's owner.
VOLUME /var/lib/tablehaul
ENV PATH=/usr/bin TABLEHAUL_CONFIG=/etc/tablehaul.yaml
ENTRYPOINT ["tablehaul-worker"]
