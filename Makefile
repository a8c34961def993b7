# Every command sets up what it needs. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PY := .venv/bin/python
CLOUD ?= simulator
PORT ?= 8000
EXPERIMENT ?= demo
STATE ?= .state/local
STAGE ?= prod
# Each worker and each program that a test starts would compile everything again where Python is told
# to write no bytecode, as in many containers. It is kept out of the tree.
KEPT_BYTECODE := PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX=$(CURDIR)/.pytest_cache/bytecode

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install what the other commands need (they do it themselves)
	@infra/local/setup.sh

.PHONY: demo
demo: setup ## Run the main job on a local stack: two VMs, from request to gone (CLOUD=openstack: the real control plane)
	@$(PY) -m infra.local run --cloud $(CLOUD) -- infra/local/demo.sh

.PHONY: up
up: setup ## Keep a local stack running: API, token issuer, cloud (CLOUD=openstack, PORT=8000)
	@exec $(PY) -m infra.local up --cloud $(CLOUD) --port $(PORT) --state $(STATE)

.PHONY: token
token: setup ## Print a fresh experiment token of the stack that `make up` runs (EXPERIMENT=demo)
	@$(PY) -m infra.local token $(EXPERIMENT) --state $(STATE)

.PHONY: test
test: setup ## Run all tests that need no more than Python
	@$(KEPT_BYTECODE) $(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not openstack and not e2e and not needs_tun" tests

.PHONY: test-openstack
test-openstack: setup ## Run the integration tests on the real OpenStack control plane
	@$(PY) -m pytest -m openstack tests

.PHONY: test-tunnel
test-tunnel: setup ## Test the tunnel with real WireGuard and strongSwan between namespaces (root; installs them)
	@infra/onprem/tunnel/install.sh rehearsal
	@$(PY) -m pytest -m needs_tun tests

.PHONY: interop
interop: setup ## Run third-party ETSI GS QKD 014 clients, unmodified, against the agents
	@test -x .venv-interop/bin/qkdsec || { $(PY) -m venv .venv-interop \
		&& .venv-interop/bin/pip install --quiet --require-hashes -r tests/interop/requirements.txt; }
	@$(PY) -m pytest tests/interop

.PHONY: oracle
oracle: setup ## Compare the emulator's key rates with an independent library (430 MB of its own)
	@test -e .venv-oracle/ready || { rm -rf .venv-oracle && $(PY) -m venv .venv-oracle \
		&& .venv-oracle/bin/pip install --quiet --require-hashes -r tests/oracle/requirements.txt \
		&& touch .venv-oracle/ready; }
	@$(PY) -m pytest tests/oracle

.PHONY: e2e
e2e: setup ## Run the tests of the web page in a headless Chromium; pictures go to build/screenshots
	@infra/local/e2e.sh

.PHONY: check
check: setup ## Lint and type-check everything
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo
	@.venv/bin/shellcheck examples/*.sh infra/local/*.sh infra/onprem/tunnel/*.sh .ci/run

.PHONY: fmt
fmt: setup ## Format the code
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

.PHONY: openstack
openstack: setup ## Run the real OpenStack control plane on this machine until Ctrl-C
	@$(PY) -m infra.local.openstack start --foreground

.PHONY: bench
bench: setup ## Measure CPU, import time, added latency and key delivery
	@$(PY) -m infra.local.bench
	@$(PY) -m infra.onprem.bench

.PHONY: package
package: setup ## Make the zip and the template that run on AWS, in build/package/STAGE (STAGE=prod)
	@$(PY) -m infra.aws.package --stage $(STAGE)

.PHONY: rehearse
rehearse: setup ## Rehearse the deployment: the real zip and template, all but the account (STAGE=prod)
	@$(PY) -m infra.aws.rehearsal --stage $(STAGE)

.PHONY: docs
docs: setup ## Write the generated reference pages again
	@$(PY) -m infra.local.docs
	@$(PY) -m infra.onprem.docs
	@$(PY) -m chalicelib.api.openapi > docs/reference/openapi.json

.PHONY: lock
lock: setup ## Pin the dependencies again from pyproject.toml
	@infra/local/lock.sh

.PHONY: clean
clean: ## Remove what the commands made
	rm -rf .venv .venv-openstack .venv-interop .venv-oracle .venv-package-* .venv-rehearse .venv-scanner .venv-compared-* .state build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
