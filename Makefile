# One command each. `make` alone prints the list.

.DEFAULT_GOAL := help
.PHONY: help setup demo test soak

# rustup puts its tools here, and a shell that is older than the installation does not know yet.
export PATH := $(PATH):$(HOME)/.cargo/bin

# Tests are linked into few programs, for linking one takes seconds: `together`, and `alone` for those that judge time,
# one by one, or boot brokers and wait, a few at a time. By themselves are `bus_memory`, which judges the memory of its
# own process, `house`, which is quick, and what is new and has no place yet.
ALL := $(patsubst tests/%.rs,%,$(patsubst %/main.rs,%.rs,$(wildcard tests/*.rs tests/*/main.rs)))
OTHERS := $(filter-out together alone soak,$(ALL))
# The lints are of the release build too: both take the same macros and build scripts, and the same SQLite in C.
CARGO_TEST := cargo test --release --locked
# Unit tests are compiled without optimisation (see Cargo.toml), which halves what the build costs.
UNIT_TEST := cargo test --profile bench --locked --lib
# Tests wait for processes half of their time: two for each core.
CROWD = $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN))))

help: ## print this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' $(MAKEFILE_LIST) | expand -t 14

setup: ## install what is missing (Debian, Ubuntu), or say what to install
	@sh deploy/setup.sh

demo: setup ## kill the broker under a running chat, and see what was lost
	cargo run --release --locked -- bench --scenario broker-down

test: setup ## everything that keeps the house in order, over real processes and real brokers
	@echo "== format"
	cargo fmt --check
	@echo "== lints"
	cargo clippy --release --locked --all-targets -- -D warnings
	cargo clippy --release --locked --test soak -- -D warnings
	@echo "== build (the first time takes some minutes)"
	$(CARGO_TEST) --no-run --bins $(addprefix --test ,together alone $(OTHERS))
	$(UNIT_TEST) --no-run
	@echo "== tests"
	$(UNIT_TEST)
	$(CARGO_TEST) --bins $(addprefix --test ,$(OTHERS))
	$(CARGO_TEST) --test together -- --test-threads=$(CROWD)
	$(CARGO_TEST) --doc
	@echo "== whole clusters under faults, three at a time: they mostly wait"
	$(CARGO_TEST) --test alone waiting:: -- --test-threads=3
	@echo "== tests that judge time, one by one"
	$(CARGO_TEST) --test alone -- --skip waiting:: --test-threads=1

soak: setup ## kill everything at random for five minutes, and the broker with ten seeds (SOAK_SEED, SOAK_SECONDS)
	$(CARGO_TEST) --test soak -- --test-threads=1 --nocapture
	STOPPED_FOR=60 $(CARGO_TEST) --test alone stopped_under_full_load -- --nocapture
