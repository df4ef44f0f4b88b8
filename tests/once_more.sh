#!/bin/sh
# Runs tests, THREADS at once (1 if nobody says): `once_more.sh COMMAND...`, a command that takes names of tests and the
# flags of a test program. A test that fails runs once more by itself: what judges time, or needs a broker to boot in
# time, may fail for want of a processor beside others. At the end it says `flaky: NAME` of each that
# passed then, or `flaky: none`; it fails if one failed twice, or if the program ended otherwise than by its tests.
set -eu
threads=${THREADS:-1}
# It is for this script alone, and not for a test that runs it.
unset THREADS
list=$(mktemp)
trap 'rm -f "$list"' EXIT

# The names of failed tests go to the list. A pipe hides the exit code, so the code goes beside them.
{ "$@" --test-threads="$threads" && code=0 || code=$?; echo "exit code $code"; } 2>&1 | tee "$list"
case $(tail -n 1 "$list") in
'exit code 0') echo 'flaky: none' && exit 0 ;;
esac

# Only the list at the end counts: a program that was killed before it has run nothing after that test.
failed=$(sed -n '/^failures:$/,/^test result:/s/^    \([a-z_0-9:]*\)$/\1/p' "$list" | sort -u)
if [ -z "$failed" ]; then
	echo 'the test program ended without naming a test that failed' >&2
	exit 1
fi
flaky= twice=
for name in $failed; do
	echo "== once more, by itself: $name"
	# A name that is nobody's would pass.
	"$@" --test-threads=1 --exact "$name" 2>&1 | tee "$list" || :
	if grep -q '^test result: ok. 1 passed' "$list"; then
		flaky="$flaky $name"
	else
		twice="$twice $name"
	fi
done
for name in $twice; do echo "failed twice: $name"; done
for name in $flaky; do echo "flaky: $name"; done
[ -n "$flaky" ] || echo 'flaky: none'
[ -z "$twice" ]
