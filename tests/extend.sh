#!/bin/sh
# Proves that the house is as cheap to extend as CONTRIBUTING.md says. Each patch in examples/extend is a worked example:
# it has to apply to this tree, to touch few files, to compile without a warning, and to pass the unit tests that it
# changes. A line `Forgotten: FILE` at the head of a patch names a file that the compiler has to name when the
# change of that file is left out.
#
# With `--apply` nothing is compiled: that takes seconds, and not minutes.
set -eu
cd "$(dirname "$0")/.."
root=$PWD patches=$PWD/examples/extend
target=$(mkdir -p "${CARGO_TARGET_DIR:-target}" && cd "${CARGO_TARGET_DIR:-target}" && pwd)
work=$target/extend
tree=$work/tree
export CARGO_TARGET_DIR="$work/build" CARGO_INCREMENTAL=0 CARGO_TERM_QUIET=true
# `git apply` must not take the copy for a folder of the repository around it.
export GIT_CEILING_DIRECTORIES="$work"
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE

stop() { echo "extend: $*" >&2; exit 1; }

# The most files that such an addition may touch, tests and documentation included.
most() {
	case $1 in
	pattern) echo 10 ;;
	fault) echo 5 ;;
	figure | frame) echo 6 ;;
	*) stop "examples/extend/$1.patch has no limit: say in tests/extend.sh how many files it may touch" ;;
	esac
}

files() { sed -n 's|^diff --git a/.* b/||p' "$1"; }

# A copy of this tree with all patches. Each patched file is as old as the newer of the patch and the file: cargo goes by
# the age of a file, and compiles nothing that it has compiled for the same text before.
rm -rf "$tree"
mkdir -p "$tree" "$CARGO_TARGET_DIR/release"
tar -cf - --exclude=./target --exclude=./.git --exclude=./runs . | tar -xf - -C "$tree"
for patch in "$patches"/*.patch; do
	name=$(basename "$patch" .patch)
	count=$(files "$patch" | wc -l)
	limit=$(most "$name")
	[ "$count" -le "$limit" ] || stop "$name.patch touches $count files, and $limit are enough: $(files "$patch" | tr '\n' ' ')"
	(cd "$tree" && git apply "$patch") ||
		stop "$name.patch no longer applies: make its change anew, and write it with \`git diff -U1 >examples/extend/$name.patch\`"
	for file in $(files "$patch"); do
		newer=$patch
		[ ! "$root/$file" -nt "$patch" ] || newer=$root/$file
		touch -r "$newer" "$tree/$file"
	done
	echo "$name.patch: $count files of at most $limit"
done

[ "${1-}" != --apply ] || exit 0

# What others wrote is compiled already. The artifacts of this house have the same names in every folder, so they stay
# apart: else the next build of the tree itself would begin anew.
ours="$(ls src tests | sed 's/\.rs$//' | tr '\n' '|')pubsub-lab|pubsub_lab"
for part in deps build .fingerprint; do
	mkdir -p "$CARGO_TARGET_DIR/release/$part"
	[ ! -d "$target/release/$part" ] || (
		cd "$target/release/$part"
		ls -A | grep -vE "^(lib)?($ours)-" | while read -r entry; do
			[ -e "$CARGO_TARGET_DIR/release/$part/$entry" ] ||
				cp -al "$entry" "$CARGO_TARGET_DIR/release/$part/" 2>/dev/null || cp -Rp "$entry" "$CARGO_TARGET_DIR/release/$part/"
		done
	)
done

cd "$tree"
lint() { cargo clippy --release --locked "$@" -- -D warnings; }
lint --workspace --all-targets || stop "the house does not compile with the patches of examples/extend"
# The rooms whose unit tests a patch changes; each word is an argument. The house beside them has the test of the tables
# for newcomers, and asks for the features with which everything is compiled already.
rooms=$(awk -F'[ /]' '/^diff --git/ { room = $4 == "src" ? $5 : "" } /^\+.*assert/ && room { print "--package " room }' "$patches"/*.patch | sort -u)
cargo test --profile bench --locked --lib --package pubsub-lab $rooms -- --skip tests_of_the_machine:: ||
	stop "a unit test fails with the patches of examples/extend"

for patch in "$patches"/*.patch; do
	for file in $(sed -n '/^diff --git/q; s/^Forgotten: //p' "$patch"); do
		mv "$file" "$work/patched"
		cp "$root/$file" "$file"
		# All of the house again: one room alone would ask for other features of what others wrote, and compile that anew.
		lint --workspace --all-targets >"$work/said" 2>&1 && stop "$(basename "$patch") compiles without its change of $file"
		grep -q -- "--> $file" "$work/said" || stop "the compiler does not name $file when its change is forgotten: $(cat "$work/said")"
		mv "$work/patched" "$file"
		echo "$(basename "$patch") without $file: $(sed -n '/^error/{p;q}' "$work/said")"
	done
done
