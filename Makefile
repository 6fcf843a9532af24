# portlap: `make run` measures, `make test` checks. Both install what they need, except Python >= 3.11 (with venv) and make.
# Written for GNU make 3.81 (macOS) and newer.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run mine how-many web scenarios test test-long engines truth fuzz faults soak audit sbom bench docker lock clean

# The Python for .venv; by default the first of python3.13, 3.12, 3.11 and python3 that is new enough.
PYTHON ?=
SCENARIO ?= scenarios/default.yaml
# For `make mine`: the ports to ask, as in FIND="--port 1234 --port 1235"; default: all of this machine.
FIND ?=
# More for locust or pytest, as in `make run ARGS="--budget 10m"`.
ARGS ?=

BIN := .venv/bin
PIP = PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install

help:
	@echo 'make run      do two real llama.cpp servers on this machine work in parallel? (SCENARIO=FILE: another question)'
	@echo 'make mine     the same for the LLM servers that run here: finds them, shows the plan, asks, measures'
	@echo 'make how-many how many users do they carry, how many at once are worth having, and what ends it'
	@echo 'make web      the same in the browser: http://127.0.0.1:8089'
	@echo 'make scenarios  the questions that are ready to run, and what each needs'
	@echo 'make test     all checks and tests; make test-long: more real Locusts, on a quiet machine'
	@echo 'make bench    what the analysis, a run, the sampler and the Overlap page cost'
	@echo 'make truth    judges thousands of servers of known truth; writes docs/truth.md'
	@echo 'make fuzz     every reader of what others wrote, on 100,000 odd inputs (ARGS=5000: fewer)'
	@echo 'make faults   ends, stops and interrupts every process of a run; writes docs/RELIABILITY.md (ten minutes)'
	@echo 'make soak     256 users for 10 minutes, 8 users for 30: memory, descriptors, greenlets, timing error'
	@echo 'make audit    known vulnerabilities of what is installed; says so where the network is missing'
	@echo 'make sbom     the bill of materials, sbom.cdx.json (CycloneDX)'
	@echo 'make engines  real engines: their tests, then a verdict for each; writes docs/ENGINES.md (8 GB more, in .venv-NAME)'
	@echo 'make docker   make run in a container; its report stays in runs/'
	@echo 'make lock     resolves requirements/*.txt again from pyproject.toml'
	@echo 'make clean    removes .venv and caches; runs/ stays'
	@echo 'More for run, mine and web: ARGS="--check", ARGS="--budget 10m", ARGS="--target URL"; all options: .venv/bin/locust --help, docs/COMMAND_LINE.md'

# Exit code 3, an honest "inconclusive", is an answer too; 1, 2, 4 and 130 are not.
run: .venv/run.stamp
	@mkdir -p runs; \
	$(BIN)/locust --headless --scenario "$(SCENARIO)" --csv "runs/$$(date +%Y%m%d-%H%M%S)" $(ARGS) || \
	{ code=$$?; [ $$code -eq 3 ] || exit $$code; }

# It measures exactly what it has shown: both commands read the same file.
mine: .venv/run.stamp
	@mkdir -p runs; prefix="runs/$$(date +%Y%m%d-%H%M%S)"; \
	$(BIN)/python -m servers find $(FIND) || exit; \
	$(BIN)/python -m servers find $(FIND) --yaml --choose > "$$prefix.yaml" || \
	{ code=$$?; rm -f "$$prefix.yaml"; exit $$code; }; \
	$(BIN)/locust --headless --dry-run --scenario "$$prefix.yaml" $(ARGS) || exit; \
	printf 'Send these requests to them? [y/N] '; read -r answer; \
	case "$$answer" in [yY]*) ;; *) echo "nothing was sent; the scenario is $$prefix.yaml"; exit 0;; esac; \
	$(BIN)/locust --headless --scenario "$$prefix.yaml" --csv "$$prefix" $(ARGS) || \
	{ code=$$?; [ $$code -eq 3 ] || exit $$code; }; \
	case " $(ARGS) " in *" --how-many "*) exit 0;; esac; \
	printf 'Find out how many users they carry, too? Three minutes [y/N] '; read -r answer || answer=n; \
	case "$$answer" in [yY]*) ;; *) exit 0;; esac; \
	$(BIN)/locust --headless --scenario "$$prefix.yaml" --csv "$$prefix-how-many" --how-many || \
	{ code=$$?; [ $$code -eq 3 ] || exit $$code; }

# Three minutes; the servers are found and shown as by `make mine`.
how-many: override ARGS += --how-many
how-many: mine

web: .venv/run.stamp
	@$(BIN)/locust --scenario "$(SCENARIO)" $(ARGS)

scenarios: .venv/run.stamp
	@$(BIN)/python -m replay.scenario

test: .venv/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -n 3 --dist loadfile -m "not alone and not engine and not long" $(ARGS)
	$(BIN)/pytest -n 2 --dist loadfile -m "alone and not engine and not long" $(ARGS)
	$(BIN)/pytest -m engine $(ARGS)

# Ten minutes on a machine that does nothing else: forty real Locusts with plain locustfiles, and sweeps over sockets.
test-long: .venv/dev.stamp
	$(BIN)/pytest -m long $(ARGS)

# No test: it measures this machine.
bench: .venv/run.stamp
	@$(BIN)/python scripts/bench_analysis.py
	@$(BIN)/python scripts/bench_client.py
	@$(BIN)/python scripts/bench_monitor.py
	@$(BIN)/python scripts/bench_page.py

# Pure farms in about a minute, then real ones over sockets.
truth: .venv/dev.stamp
	$(BIN)/python -m scripts.truth.page $(ARGS)

# At most 20 minutes; a finding is shown as the smallest example that breaks a reader.
fuzz: .venv/dev.stamp
	$(BIN)/python -m scripts.fuzz $(ARGS)

# At most ten minutes; each fault that broke a promise is named as it happens.
faults: .venv/dev.stamp
	$(BIN)/python -m scripts.faults $(ARGS)

# 42 minutes; ARGS=2: two minutes each, nothing is written.
soak: .venv/dev.stamp
	$(BIN)/python -m scripts.soak $(ARGS)

# In an environment of its own, so that what is audited is not the auditor.
audit: .venv-audit/audit.stamp
	@.venv-audit/bin/python scripts/audit.py

sbom: .venv-audit/audit.stamp
	@.venv-audit/bin/cyclonedx-py requirements requirements/run.txt --pyproject pyproject.toml \
	  --output-format JSON --output-reproducible --output-file sbom.cdx.json
	@echo "portlap: the bill of materials is sbom.cdx.json"

.venv-audit/audit.stamp: BIN = .venv-audit/bin
.venv-audit/audit.stamp: requirements/audit.txt | .venv/venv.stamp
	@.venv/bin/python -m venv .venv-audit
	$(call install,audit)
	@touch $@

# Each engine has its own environment, because its requirements may conflict with ours. One that cannot be installed
# here is skipped, and the table says so.
ENGINES := $(patsubst requirements/engines/%.txt,.venv-%/engine.stamp,$(wildcard requirements/engines/*.txt))

engines: .venv/dev.stamp .venv-mlx/mlx.stamp $(ENGINES)
	$(BIN)/pytest -m engine
	$(BIN)/python -m scripts.engines $(ARGS)

.venv-%/engine.stamp: requirements/engines/%.txt | .venv/venv.stamp
	@echo "portlap: installing $< into .venv-$* ..."; .venv/bin/python -m venv .venv-$*; \
	if .venv-$*/bin/python -m pip install --quiet -r $<; then touch $@; \
	else rm -rf .venv-$*; echo "portlap: $* cannot be installed here: it is skipped"; fi

.venv-mlx/mlx.stamp: BIN = .venv-mlx/bin
.venv-mlx/mlx.stamp: requirements/mlx.txt | .venv/venv.stamp
	@.venv/bin/python -m venv .venv-mlx
	$(call install,mlx)
	@touch $@

# The container writes into ./runs as the user who called make.
docker:
	@compose="docker compose"; $$compose version >/dev/null 2>&1 || compose=docker-compose; \
	env UID="$$(id -u)" GID="$$(id -g)" $$compose run --rm run || \
	{ code=$$?; [ $$code -eq 3 ] || exit $$code; }

# Installs the lock file requirements/$(1).txt; $(2): more options for pip. A line of progress every twenty packages.
define install
	@set -o pipefail; all=$$(grep -c == requirements/$(1).txt); \
	echo "portlap: installing requirements/$(1).txt into $(BIN:/bin=) ($$all packages) ..."; \
	$(PIP) --require-hashes $(2) -r requirements/$(1).txt | awk -v all=$$all ' \
	  /^Ignoring |^(Collecting|Requirement already satisfied:) [^ ]*==/ && ++n % 20 == 0 {print "  " n " of " all; fflush()} \
	  /^Installing/ {print "  unpacking ..."; fflush()}'
endef

.venv/venv.stamp:
	@sh scripts/make_venv.sh $(PYTHON)
	@touch $@

.venv/run.stamp: .venv/venv.stamp requirements/run.txt requirements/engine.txt pyproject.toml
	$(call install,run)
	$(call install,engine,--no-deps)
	@$(PIP) --quiet --no-deps --no-build-isolation -e .
	@sh scripts/check_engine.sh
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements/dev.txt
	$(call install,dev)
	@touch $@

lock: .venv/dev.stamp
	$(LOCK) --group build pyproject.toml -o requirements/run.txt
	$(LOCK) --group build --extra dev --extra notebook -c requirements/run.txt pyproject.toml -o requirements/dev.txt
	$(BIN)/python -c '$(EXTRA)' engine | $(LOCK) --no-deps - -o requirements/engine.txt
	$(BIN)/python -c '$(EXTRA)' mlx | $(LOCK) - -o requirements/mlx.txt
	$(BIN)/python -c '$(EXTRA)' audit | $(LOCK) - -o requirements/audit.txt

# One lock for Python 3.11 to 3.13, Linux and macOS. UPGRADE=--upgrade takes newer versions where they exist.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock" $(UPGRADE)
EXTRA = import sys, tomllib; p = tomllib.load(open("pyproject.toml", "rb")); \
	print(*p["project"]["optional-dependencies"][sys.argv[1]], sep="\n")

clean:
	rm -rf .venv .venv-* .venv-audit sbom.cdx.json .mypy_cache .pytest_cache .ruff_cache .hypothesis portlap.egg-info
