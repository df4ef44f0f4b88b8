#!/bin/sh
# Tests the compose file with an engine of its own: run.sh (make test-compose calls it)
#
# No registry is asked. The base images are made of the distribution's packages, and bear the names that the variables of
# the compose file give. The engine lives in a network, a mount table and a process tree of its own: whatever is killed, what
# it had ends with it, and an engine or a port of this machine does not matter.
set -eu
cd "$(dirname "$0")/../.."

stop() { printf 'error: %s\nhint: %s\n' "$1" "$2" >&2; exit 4; }

[ "$(id -u)" = 0 ] || stop "a Docker engine can only be started by root" "sudo make test-compose, or leave this test out"
unshare --net --mount --pid --fork true 2>/dev/null ||
    stop "this machine lets nobody make namespaces, so no Docker engine can start" "run it on a machine, not in a container"

cache=$PWD/target/compose
mkdir -p "$cache"
free=$(df -Pk "$cache" | awk 'NR == 2 { print int($4 / 1024) }')
[ "$free" -ge 3000 ] || stop "only $free MB are free at $cache, and the images need 3000" "free some, or move target"

# --- what the images are made of -------------------------------------------------------------------------------------

release=$(. /etc/os-release && echo "$VERSION_CODENAME")
packages=redis-server,nginx-light,rabbitmq-server,prometheus,wget
recipe="$release $packages 1"
if [ "$(cat "$cache/recipe" 2>/dev/null)" != "$recipe" ]; then
    echo "compose: making the base image of $release's packages (some minutes, once)"
    # The pages of Prometheus are most of what it brings.
    mmdebstrap --quiet --variant=minbase --include="$packages" --aptopt='APT::Install-Recommends "false"' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/javascript/*' \
        "$release" "$cache/servers.tar" ||
        stop "mmdebstrap could not make the base image" "is this machine online, and does apt-get update work?"
    echo "$recipe" >"$cache/recipe"
fi

echo "compose: building the program and the tests"
cargo build --release --locked --bins
cargo test --release --locked --test compose --no-run

# --- in namespaces of their own --------------------------------------------------------------------------------------

# A short path, because that of a socket has 108 bytes.
PLACE=$(mktemp -d /tmp/lab-compose.XXXXXX)
export PLACE CACHE="$cache"
# Groups of processes are the one thing that no namespace takes along.
clean() {
    find /sys/fs/cgroup -depth -type d -path "*/$(basename "$PLACE")*" -exec rmdir {} + 2>/dev/null || true
    rm -rf "$PLACE"
}
trap clean EXIT
trap 'exit 130' INT TERM HUP
code=0
cargo test --release --locked --config 'target."cfg(all())".runner = ["tests/compose/inside.sh"]' \
    --test compose -- --test-threads=1 --show-output "$@" || code=$?

! grep -q "$PLACE" /proc/mounts || stop "mounts below $PLACE are left" "umount them; this is a bug of the test"
if pgrep -f "$PLACE" >/dev/null; then stop "processes of $PLACE are left" "kill them; this is a bug of the test"; fi
exit "$code"
