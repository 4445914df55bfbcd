# syntax=docker/dockerfile:1
# One static binary on an empty image. It runs as an ordinary user and writes
# nowhere but /data, so that the container can be started with --read-only.

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# .git is in the build context so that `authctl version` can name the commit.
RUN git config --global --add safe.directory /src \
 && CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/authctl . \
 && mkdir -m 0700 /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/authctl /authctl
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
WORKDIR /data
VOLUME /data
# For docker exec CONTAINER authctl token revoke-all, and the like: there is no shell.
ENV PATH=/
# All addresses, because a container's loopback is reachable by nobody else.
# Metrics and profiles stay on the container's loopback; see docs/operating.md.
ENV AUTHCTL_SERVER_HOST=0.0.0.0
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 CMD ["/authctl", "health"]
ENTRYPOINT ["/authctl"]
CMD ["serve"]
