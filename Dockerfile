# syntax=docker/dockerfile:1
# SPDX-License-Identifier: Apache-2.0
#
# One image holds all five programs: the pods of one release cannot come from two. Workers and the review job name
# theirs as `command`.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=dev
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH make build VERSION=$VERSION

FROM gcr.io/distroless/static:nonroot
COPY --from=build /src/bin/ /
USER 65532:65532
ENTRYPOINT ["/manager"]
