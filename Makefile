# One command each. `make` alone prints the list.

.DEFAULT_GOAL := help
.PHONY: help setup demo test

# rustup puts its tools here, and a shell that is older than the installation does not know yet.
export PATH := $(PATH):$(HOME)/.cargo/bin

# Tests that judge time or rate are the target `timing`, and run alone.
TIMING := $(wildcard tests/timing.rs tests/timing/main.rs)
TESTS := $(filter-out $(TIMING),$(wildcard tests/*.rs tests/*/main.rs))
TEST_NAMES := $(patsubst tests/%.rs,%,$(patsubst %/main.rs,%.rs,$(TESTS)))
CARGO_TEST := cargo test --release --locked

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
	cargo clippy --locked --all-targets -- -D warnings
	@echo "== build (the first time takes some minutes)"
	$(CARGO_TEST) --no-run
	@echo "== tests"
	$(CARGO_TEST) --lib --bins $(addprefix --test ,$(TEST_NAMES))
	$(CARGO_TEST) --doc
ifneq ($(TIMING),)
	@echo "== tests of time and rate, one by one"
	$(CARGO_TEST) --test timing -- --test-threads=1
endif
