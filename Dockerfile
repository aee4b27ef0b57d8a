# The broker in an image with git: docker build -t broker .
FROM node:20-bookworm-slim AS dashboard
WORKDIR /src/frontend
COPY frontend/package.json frontend/package-lock.json ./
RUN npm ci --no-update-notifier --no-fund --no-audit
COPY frontend ./
RUN npm run build

FROM golang:1.26-bookworm AS broker
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY ent ent
COPY graph graph
COPY server server
COPY frontend/frontend.go frontend/frontend.go
COPY --from=dashboard /src/frontend/dist frontend/dist
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -tags disable_grpc_modules -ldflags "-s -w -X main.version=${VERSION}" -o /broker ./server \
 && install -d -m 0700 -o 65532 -g 65532 /empty/data

# git and ssh, which read git repositories, need a system around them.
FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates git openssh-client \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 65532 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin broker
COPY --from=broker /empty /
COPY --from=broker /broker /broker
USER 65532:65532
ENV BROKER_DATA_DIR=/data
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["/broker"]
