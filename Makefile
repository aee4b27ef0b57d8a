# make help lists the targets.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -w -X main.version=$(VERSION)
NPM     := npm --prefix frontend --no-update-notifier --no-fund --no-audit
# One way to compile for all targets, so that each package is compiled once; without what Google's storage needs for
# its second protocol, which nothing here speaks: a hundred packages, and a seventh of the program; and without what only
# debuggers read, a fifth of the compiling and of the linking.
export GOFLAGS := -trimpath -tags=disable_grpc_modules -gcflags=all=-dwarf=false -ldflags=-w
# The race detector looks at all Go code but what computes in one goroutine, which it makes up to ten times slower: SQLite
# in translation, hashing, packing, parsing. Nothing may be among them that has a sync.Map: what that guards would be taken
# for a race.
COMPUTES := modernc.org/sqlite/lib modernc.org/libc modernc.org/memory golang.org/x/crypto/argon2 golang.org/x/text/... \
	regexp regexp/syntax compress/flate github.com/klauspost/compress/flate github.com/klauspost/compress/zstd \
	hash/crc32 math/big unicode/utf8 encoding/base64 encoding/hex crypto/internal/fips140/bigmod \
	$(foreach p,ast lexer parser validator/rules,github.com/vektah/gqlparser/v2/$(p))
# What takes longer to optimize than tests win by it: the largest, most of them generated.
LARGE    := broker/ent/... broker/graph/generated github.com/redis/go-redis/... github.com/jackc/pgx/... ariga.io/atlas/... \
	github.com/hashicorp/hcl/... github.com/zclconf/... github.com/google/go-tpm/... github.com/miekg/dns golang.org/x/tools/...
RACE     := -race $(foreach p,$(COMPUTES),'-gcflags=$(p)=-dwarf=false -race=false') $(foreach p,$(LARGE),'-gcflags=$(p)=-dwarf=false -N -l')
# The detector's own memory comes in large pages: there are a third as many page faults.
export GORACE := no_huge_pages_for_shadow=0
# With less looking for memory to free, Go's compiler and bin/lint compute a fifth less; where two things compile at once
# and share the processors, a program for each processor with one thread, instead of five with two or more, a quarter less.
COMPILE := GOGC=400
SHARED  := GOGC=400 GOMAXPROCS=$(shell echo $$((($$(nproc) + 1) / 2)))
# What go generate and codegen write, beside files that people wrote.
GENERATED := ent graph docs/schema.graphql go.mod go.sum frontend/src/gql frontend/src/routeTree.gen.ts

say = @printf '\n==> %(%H:%M:%S)T %s\n' -1 "$(1)"

##@ Use it

.PHONY: build
build: dashboard broker ## Build bin/broker with the dashboard inside

.PHONY: run
run: build ## Build, then start on the embedded defaults: http://localhost:8080
	exec bin/broker

.PHONY: docker
docker: ## Build the container image broker:VERSION, also tagged broker:latest
	docker build --build-arg VERSION=$(VERSION) -t broker:$(VERSION) -t broker:latest .

##@ Check it

.PHONY: test
test: setup code build budget docs e2e ## Run every check, installing what they need; stops at the first failure
	$(call say,Every test has passed.)

.PHONY: code
code:
	$(call say,Go and the dashboard side by side; each tells when it has ended)
	@scripts/with-postgres.sh scripts/side-by-side.sh \
		'$(MAKE) --no-print-directory frontend/node_modules/.package-lock.json && scripts/unless-passed.sh frontend Makefile -- $(MAKE) --no-print-directory dashboard-lint dashboard-unit' \
		'$(MAKE) --no-print-directory COMPILE="$(SHARED)" lint unit-plain' '$(MAKE) --no-print-directory COMPILE="$(SHARED)" unit-race'

.PHONY: lint
lint: ## Check Go code: gofmt, and what go vet and staticcheck know
	$(call say,gofmt)
	@unformatted=$$(gofmt -l bench ent graph lint server frontend/*.go); \
	if [ -n "$$unformatted" ]; then printf 'not formatted; run make fmt:\n%s\n' "$$unformatted" >&2; exit 1; fi
	$(call say,go vet and staticcheck)
	@# bin/lint is the same for each commit, so that what it found is kept.
	@$(COMPILE) go build -buildvcs=false -o bin/lint ./lint
	@packages=$$(go list ./...) && $(COMPILE) go vet -vettool=bin/lint ./ent/schema/... \
		$$(grep -vE '^broker/(ent$$|ent/|graph/generated$$|graph/model$$)' <<<"$$packages") # what people wrote

.PHONY: unit
unit: unit-race unit-plain ## Run the Go tests but the end-to-end ones, with the race detector

.PHONY: unit-race
unit-race:
	$(call say,go test with the race detector) # which lint has vetted
	@# With one package more than processors, as tests wait too, and behind lint, which has half of the processors in make test.
	@packages=$$(go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./... | grep -vE '/server/(e2e|bucket|inspect)$$|/server$$') && \
	libraries=$$(go list -deps -test -f '{{if not .ForTest}}{{.ImportPath}}{{end}}' $$packages | grep -vE '^vendor/|\.test$$') && \
	$(COMPILE) go build $(RACE) $$libraries && \
	nice -n 10 scripts/with-postgres.sh scripts/go-test.sh -p $$(($$(nproc) + 1)) $(RACE) -vet=off -timeout 15m -- $$packages

# Without it: what the clouds' libraries belong to, which would be compiled a second time, what reads one archive in one
# goroutine, and tests of much memory or of very many requests.
.PHONY: unit-plain
unit-plain:
	$(call say,go test without it)
	@scripts/with-postgres.sh scripts/go-test.sh -vet=off -count 1 -timeout 15m -- ./server # which looks at all packages
	@scripts/with-postgres.sh scripts/go-test.sh -vet=off -timeout 15m -- ./server/bucket ./server/inspect
	@scripts/with-postgres.sh scripts/go-test.sh -vet=off -timeout 15m -run '^Test(Large|Decisions|Many)' -- ./server/source ./server/mirror ./server/composer

.PHONY: dashboard-lint
dashboard-lint: frontend/node_modules/.package-lock.json ## Check the dashboard's code: biome, tsc
	$(call say,dashboard: lint and types)
	@$(NPM) run lint
	@$(NPM) run typecheck

.PHONY: dashboard-unit
dashboard-unit: frontend/node_modules/.package-lock.json ## Run the dashboard's unit tests
	$(call say,dashboard: unit tests)
	@$(NPM) test

.PHONY: budget
budget: dashboard ## Check the size of the built dashboard
	$(call say,dashboard: size)
	@$(NPM) run budget

.PHONY: docs
docs: broker ## Check that README.md names exactly the settings that bin/broker has, and write manual pages to bin/man
	$(call say,documentation)
	@scripts/check-settings.sh bin/broker README.md
	@bin/broker man bin/man

.PHONY: e2e
e2e: build ## Run the end-to-end tests with Composer and, beside them, those in a browser; fuzz the parsers, three seconds each; make verify
	$(call say,end to end: Composer and the browser side by side; beside them the fuzzers and what is generated)
	@scripts/with-postgres.sh scripts/side-by-side.sh '$(MAKE) --no-print-directory e2e-browser' \
		'nice -n 5 $(MAKE) --no-print-directory e2e-composer' '$(SHARED) nice -n 10 scripts/fuzz.sh 3s 1' \
		'$(SHARED) nice -n 10 scripts/unless-passed.sh . ":!*_test.go" ":!*.md" -- $(MAKE) --no-print-directory verify'

.PHONY: e2e-composer
e2e-composer: ## Run the end-to-end tests with Composer alone
	@scripts/go-test.sh -vet=off -shuffle=on -parallel 3 -timeout 25m -- ./server/e2e # they wait as much as they compute

.PHONY: e2e-browser
e2e-browser: ## Run the browser tests alone, against bin/broker of make build
	@$(NPM) run e2e

.PHONY: verify
verify: frontend/node_modules/.package-lock.json ## Regenerate the last commit's code; fail when that changes a file or leaves one that is not in git
	@scripts/check-generated.sh $(GENERATED)

.PHONY: bench
bench: broker ## Measure bin/broker beside nginx and net/http into bench/latest.md; half an hour, BENCH=short three minutes
	$(call say,bench)
	@go run ./bench

.PHONY: bench-go
bench-go: ## Run the Go benchmarks
	go test -run '^$$' -bench . -benchmem ./graph/... ./server/...

.PHONY: test-storage
test-storage: ## Run the tests of object stores against servers of S3, Google and Azure, which it installs in the user's cache once
	$(call say,object stores)
	@CI=true scripts/with-postgres.sh go test -tags storage,disable_grpc_modules -count 1 -timeout 20m -run 'TestS3|TestGoogle|TestAzure|Faults|Piece|Silent|Bucket|TwoInstances' ./server/bucket ./server/e2e

.PHONY: test-acme
test-acme: ## Run the tests of certificates of an ACME authority against pebble, which it installs in the user's cache once
	$(call say,certificates of an authority)
	@go test -tags acme,disable_grpc_modules -count 1 -timeout 10m -run TestCertificates ./server/e2e

.PHONY: test-mail
test-mail: ## Run the tests of mail against mailpit, which it installs in the user's cache once
	$(call say,mail)
	@go test -tags mailpit,disable_grpc_modules -count 1 -timeout 10m -run TestMailpit ./server/notice

.PHONY: test-crash
test-crash: ## Kill the server a hundred times on each database while it syncs, fetches, takes uploads and cleans up; ten minutes
	$(call say,a hundred kills)
	@scripts/with-postgres.sh go test -count 1 -timeout 60m -v -run TestKills ./server/e2e -kills 100 -both

.PHONY: test-databases
test-databases: ## Run each end-to-end scenario with Composer on both databases: make test runs it on one, by chance; ten minutes
	$(call say,end to end on both databases)
	@scripts/with-postgres.sh go test -vet=off -count 1 -parallel 3 -timeout 60m ./server/e2e -both

.PHONY: fuzz
fuzz: ## Look for inputs that break what reads the bytes of clients and upstreams; a minute for each reader, or FUZZTIME=10m
	$(call say,fuzz)
	@scripts/fuzz.sh $(or $(FUZZTIME),1m)

.PHONY: load
load: ## Run the load tests: what guessing and the costliest reports do to other clients; two minutes, on a quiet machine
	@scripts/with-postgres.sh go test -tags load,disable_grpc_modules -count 1 -v -run 'Disturb|RevocationIsInForce' ./server/e2e -revocations 500

##@ Change it

.PHONY: generate
generate: frontend/node_modules/.package-lock.json ## Regenerate Go and TypeScript code from ent/schema and graph/*.graphqls
	go generate ./...
	$(NPM) run codegen

.PHONY: migration
migration: ## Write the migrations for a changed ent/schema: make migration name=add_labels
	@[[ "$(name)" =~ ^[a-z0-9_]+$$ ]] || { echo 'name the migration: make migration name=add_labels' >&2; exit 2; }
	scripts/with-postgres.sh go run ./ent/migrations/diff.go $(name)

.PHONY: fmt
fmt: frontend/node_modules/.package-lock.json ## Format all code
	gofmt -w bench ent graph lint server frontend/*.go
	cd frontend && npx biome check --write .

.PHONY: help
help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z0-9-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Parts of the above.

.PHONY: setup
setup:
	$(call say,what the tests need; beside it Go's modules)
	@scripts/side-by-side.sh scripts/test-setup.sh 'go list -deps -test ./... >/dev/null'

.PHONY: dashboard
dashboard: frontend/node_modules/.package-lock.json
	$(call say,dashboard: build)
	@$(NPM) run build

.PHONY: broker
broker:
	$(call say,bin/broker $(VERSION))
	@go build -ldflags "$(LDFLAGS)" -o bin/broker ./server

frontend/node_modules/.package-lock.json: frontend/package-lock.json
	$(call say,npm ci)
	@cd frontend && npm ci --no-update-notifier --no-fund --no-audit
	@touch $@
