# SPDX-License-Identifier: Apache-2.0

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.ONESHELL:
# `verify` writes files that others of its steps read.
.NOTPARALLEL:

MODULE := github.com/handoff-sla/handoff
BINARIES := manager scoring-worker routing-worker review-job kubectl-sla
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
IMAGE ?= handoff:$(VERSION)
LDFLAGS := -s -w -X $(MODULE)/internal/version.Version=$(VERSION)

# Tools are pinned in go.tools.mod; go builds each once and keeps it in its build cache.
TOOL := go tool -modfile=go.tools.mod
LINT := $(TOOL) golangci-lint-kube-api-linter

# What `generate` writes. `verify` compares exactly these.
GENERATED = config/crd/bases config/rbac/role.yaml docs/reference/api.md \
	$(wildcard api/*/zz_generated.deepcopy.go) $(patsubst %/groupversion_info.go,%/zz_generated.deepcopy.go,$(wildcard api/*/groupversion_info.go))

##@ Change

.PHONY: help
help: ## Show this help.
	@awk 'BEGIN { FS = ":.*## "; print "Usage: make TARGET [VARIABLE=value]" } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z][a-z0-9_-]*:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: generate
generate: ## Write deepcopy code, CRDs, the RBAC role and docs/reference/api.md from the Go types and markers.
	$(TOOL) controller-gen object:headerFile=hack/boilerplate.go.txt paths=./api/...
	@rm -f config/crd/bases/*.yaml
	$(TOOL) controller-gen crd paths=./api/... output:crd:artifacts:config=config/crd/bases
	$(if $(wildcard internal/controller),$(TOOL) controller-gen rbac:roleName=manager-role paths=./internal/controller/... output:rbac:artifacts:config=config/rbac)
	@mkdir -p docs/reference
	$(TOOL) crd-ref-docs --log-level=WARN --source-path=api --config=hack/api-docs.yaml --renderer=markdown --output-path=docs/reference/api.md

.PHONY: fmt
fmt: ## Format Go code (gofumpt, imports in three groups).
	$(LINT) fmt

##@ Check

.PHONY: verify
verify: verify-generated digests vet lint tidy vulnerabilities ## All that needs no cluster: generated files, golden digests, vet, lint with sizes and boundaries, go.mod, vulnerabilities.

.PHONY: verify-generated
verify-generated: ## Run generate and fail if it changed anything.
	hack/verify-generated.sh "$(MAKE)" $(sort $(GENERATED))

.PHONY: digests
digests: ## Fail if a digest that people signed would change (internal/sla/testdata/digests).
	go test -run 'Digest|Canonical|Message' -count=1 ./internal/sla ./internal/lead

.PHONY: vet
vet: ## go vet.
	go vet ./...

.PHONY: lint
lint: ## golangci-lint: mistakes, import direction, API conventions, files over 400 and functions over 80 lines.
	$(LINT) config verify
	$(LINT) run

.PHONY: tidy
tidy: ## Fail if `go mod tidy` would change go.mod or go.sum.
	go mod tidy -diff

.PHONY: vulnerabilities
vulnerabilities: ## govulncheck; says loudly when its database cannot be reached.
	hack/govulncheck.sh $(TOOL) govulncheck ./...

##@ Test

# The race detector needs cgo and a C compiler.
RACE ?= $(shell [ "$$(go env CGO_ENABLED)" = 1 ] && command -v "$$(go env CC)" >/dev/null && echo -race)
PKG ?= ./...
TESTFLAGS ?=

.PHONY: test
test: ## Unit and integration tests, with what they need set up by itself (PKG=./internal/sla/..., TESTFLAGS=-run=..., RACE=).
	@echo "race detector: $(if $(RACE),on,off (RACE is empty, or no cgo or C compiler))"
	postgres=$$(hack/postgres.sh)
	assets=$$(go run ./hack/cluster assets | tail -n 1)
	echo "PostgreSQL: $$postgres"
	echo "API server and etcd: $$assets"
	export HANDOFF_POSTGRES_BIN=$$postgres KUBEBUILDER_ASSETS=$$assets
	go test $(RACE) -timeout 20m $(TESTFLAGS) $$(go list $(PKG) | grep -v '/test/e2e')

.PHONY: e2e
e2e: ## End-to-end tests on a local Kubernetes that they bring up and take down (kind, or one built from Go modules).
	go test ./test/e2e -v -timeout 40m -count=1 $(TESTFLAGS)

COUNT ?= 6

.PHONY: bench
bench: ## Benchmarks, summed up by benchstat (COUNT=6, PKG=./...).
	@mkdir -p dist
	go test -run='^$$' -bench=. -benchmem -count=$(COUNT) -timeout 60m $$(go list $(PKG) | grep -v '/test/e2e') | tee dist/bench.txt
	$(TOOL) benchstat dist/bench.txt

.PHONY: bench-backtest
bench-backtest: ## kubectl sla backtest beside DuckDB: a million leads, the same 25 rules, the same answers (LEADS=1000000; needs a C compiler).
	@mkdir -p dist
	CGO_ENABLED=0 go build -o dist/kubectl-sla ./cmd/kubectl-sla
	cd test/bench
	go run . -leads $(or $(LEADS),1000000) -tool "$(CURDIR)/dist/kubectl-sla"

.PHONY: bench-pipeline
bench-pipeline: ## The pipeline on PostgreSQL with fsync on, beside bare SQL: scoring, events over HTTP, breaches among a million clocks, ledgers by size, bytes a lead; and writing into a CRM.
	@mkdir -p dist
	export HANDOFF_POSTGRES_BIN=$$(hack/postgres.sh)
	go build -o dist/bench ./hack/bench
	for what in score http breach flat plans bytes crm; do echo "== $$what"; dist/bench $$what; done

##@ Run

.PHONY: cluster-up
cluster-up: ## Bring up the local Kubernetes.
	go run ./hack/cluster up

.PHONY: cluster-down
cluster-down: ## Take it down; nothing of it stays but its cache.
	go run ./hack/cluster down

.PHONY: demo
demo: ## The whole operator on a local Kubernetes with sample leads, or your own export (LEADS=FILE.csv).
	go run ./hack/demo up $(if $(LEADS),--leads "$(LEADS)")

.PHONY: demo-down
demo-down: ## Take the demo down.
	go run ./hack/demo down

##@ Build

.PHONY: build
build: ## The five binaries, static, into bin/.
	@mkdir -p bin
	CGO_ENABLED=0 go build -trimpath -ldflags "$(LDFLAGS)" -o bin/ $(addprefix ./cmd/,$(BINARIES))

.PHONY: image
image: ## The container image (IMAGE=handoff:VERSION): docker or podman, else an archive in dist/ without either.
	@engine=""
	for candidate in docker podman; do
	  if "$$candidate" info >/dev/null 2>&1; then engine=$$candidate; break; fi
	done
	if [ -n "$$engine" ]; then
	  "$$engine" build --build-arg VERSION=$(VERSION) --tag $(IMAGE) .
	else
	  echo "neither docker nor podman answers here: writing dist/handoff.tar for $(IMAGE)"
	  $(MAKE) build
	  mkdir -p dist
	  go run ./hack/cluster image dist/handoff.tar --binaries bin --tag $(IMAGE)
	fi

.PHONY: clean
clean: ## Remove what was built here (caches outside the repository stay).
	rm -rf bin dist
