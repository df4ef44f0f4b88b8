# One command each. `make` alone prints the list.

.DEFAULT_GOAL := help
.PHONY: help setup demo check test lints test-together test-waiting test-compose extend soak mutants audit

# rustup puts its tools here, and a shell that is older than the installation does not know yet.
export PATH := $(PATH):$(HOME)/.cargo/bin

# Tests are linked into few programs, for linking one takes seconds: `together`, and `alone` for those that boot brokers
# and wait, which run beside it, or judge time, which run last and one by one (tests/once_more.sh). By themselves are
# `bus_memory`, which judges the memory of its own process, and what is new and has no place yet.
ALL := $(patsubst tests/%.rs,%,$(patsubst %/main.rs,%.rs,$(wildcard tests/*.rs tests/*/main.rs)))
OTHERS := $(filter-out together alone soak compose,$(ALL))
# The lints are of the release build too: both take the same macros and build scripts, and the same SQLite in C.
LINTS := cargo clippy --release --locked --workspace --all-targets -- -D warnings
CARGO_TEST := cargo test --release --locked
# The unit tests of all rooms, and what holds the house together (src/house_tests.rs). They are compiled without optimisation (see Cargo.toml).
UNIT_TEST := cargo test --profile bench --locked --workspace --lib
# Unit tests that start a process, open a port or look at the clock are in modules of this name.
MACHINE := tests_of_the_machine
# Tests wait for processes half of their time: two for each core.
CROWD = $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN))))

help: ## print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1	\2/p' $(MAKEFILE_LIST) | expand -t 19

setup: ## install what is missing (Debian, Ubuntu), or say what to install
	@sh deploy/setup.sh

demo: setup ## kill the broker under a running chat, and see what was lost
	cargo run --release --locked -- bench --scenario broker-down

check: ## after each edit: format, lints, and all tests that need no process, no port and no clock
	cargo fmt --all --check
	$(LINTS)
	$(UNIT_TEST) --quiet -- --skip $(MACHINE)::

test: ## everything that keeps the house in order, over real processes and real brokers
	@sh deploy/setup.sh --compiler
	@echo "== format"
	cargo fmt --all --check
	@echo "== lints, while brokers and browsers are installed"
	@$(MAKE) --no-print-directory -j2 setup lints
	@echo "== build (the first time takes some minutes)"
	$(CARGO_TEST) --no-run --bins $(addprefix --test ,together alone $(OTHERS))
	$(UNIT_TEST) --no-run
	@echo "== tests"
	$(UNIT_TEST)
	tests/extend.sh --apply
	$(CARGO_TEST) --bins $(addprefix --test ,$(OTHERS))
	$(CARGO_TEST) --doc
	@echo "== two crowds side by side: quick tests that compute, and whole clusters under faults, which mostly wait"
	@$(MAKE) --no-print-directory -j2 test-together test-waiting
	@echo "== tests that judge time, last and one by one"
	tests/once_more.sh $(CARGO_TEST) --test alone -- timing::

# Cargo is to ask nobody how many jobs it may run.
lints:
	MAKEFLAGS= $(LINTS)
	MAKEFLAGS= cargo clippy --release --locked --test soak --test compose -- -D warnings

test-together:
	MAKEFLAGS= THREADS=$(CROWD) tests/once_more.sh $(CARGO_TEST) --test together --

test-waiting:
	MAKEFLAGS= THREADS=3 tests/once_more.sh $(CARGO_TEST) --test alone -- waiting::

extend: setup ## the worked examples of CONTRIBUTING: each compiles, and the compiler names what is forgotten
	tests/extend.sh

test-compose: setup ## the containers of docker-compose.yml under faults, by a Docker engine of its own (as root)
	@sh deploy/setup.sh --compose
	@tests/compose/run.sh

soak: setup ## kill everything at random for five minutes, and the broker with ten seeds (SOAK_SEED, SOAK_SECONDS)
	$(CARGO_TEST) --test soak -- --test-threads=1 --nocapture
	STOPPED_FOR=60 $(CARGO_TEST) --test alone stopped_under_full_load -- --nocapture

# The arithmetic and the reading: what is wrong there is a wrong number, and nothing crashes.
MUTATED := ledger scenario fault report
mutants: ## change the code of the pure rooms in every way, and see whether their unit tests notice (an hour or two)
	@command -v cargo-mutants >/dev/null || { echo "cargo-mutants is missing; install it: cargo install --locked cargo-mutants" >&2; exit 1; }
	cargo mutants $(addprefix --package ,$(MUTATED)) --profile bench --output target -- --lib

audit: ## licences, sources, advisories and duplicate versions of what others wrote, as deny.toml has it
	@command -v cargo-deny >/dev/null || { echo "cargo-deny is missing; install it: cargo install --locked cargo-deny" >&2; exit 1; }
	cargo deny --locked check
