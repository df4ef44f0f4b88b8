#!/bin/sh
# Starts a Docker engine with the images of the test, and runs a command beside it: inside.sh COMMAND...
set -eu

if [ "${INSIDE:-}" != yes ]; then
    # The first process here takes all others along when it ends.
    exec env INSIDE=yes unshare --net --mount --pid --fork --kill-child --mount-proc "$0" "$@"
fi
ip link set lo up

# The `docker` of Debian's package has BuildKit without a further plug-in; one that comes first on the path may not.
PATH=/usr/bin:$PATH:/usr/sbin:/sbin
export PATH DOCKER_HOST="unix://$PLACE/docker.sock" DOCKER_BUILDKIT=1 HOME="$PLACE"

dockerd --data-root "$PLACE/data" --exec-root "$PLACE/exec" --host "$DOCKER_HOST" --pidfile "$PLACE/pid" \
    --cgroup-parent "/$(basename "$PLACE")" >"$PLACE/dockerd.log" 2>&1 &
engine=$!
tries=0
until docker version >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ "$tries" -gt 150 ] || ! kill -0 "$engine" 2>/dev/null; then
        echo "error: the Docker engine does not start; it says:" >&2
        tail -n 5 "$PLACE/dockerd.log" >&2
        exit 4
    fi
    sleep 0.2
done

started=$(date +%s)
export PUBSUB_LAB_IMAGE=pubsub-lab:test SERVERS=servers:test
docker import "$CACHE/servers.tar" packages:test >/dev/null
docker build --quiet --network none --build-arg PACKAGES=packages:test --tag "$SERVERS" \
    --file tests/compose/servers.Dockerfile tests/compose >/dev/null
docker build --quiet --network none --build-arg PROGRAM=prebuilt --build-arg BASE_IMAGE=packages:test \
    --tag "$PUBSUB_LAB_IMAGE" --file deploy/Dockerfile . >/dev/null
# The lab asks for these names when it manages a broker in a container.
docker tag "$SERVERS" redis:7-alpine
printf 'FROM %s\nCMD ["rabbitmq-server"]\n' "$SERVERS" | docker build --quiet --tag rabbitmq:4-alpine - >/dev/null
echo "compose: images made in $(($(date +%s) - started)) s"
export NGINX_IMAGE=$SERVERS REDIS_IMAGE=$SERVERS RABBITMQ_IMAGE=$SERVERS PROMETHEUS_IMAGE=$SERVERS

code=0
"$@" || code=$?

kill -TERM "$engine"
wait "$engine" || true
if grep -q "$PLACE/data/.*overlay" /proc/mounts; then
    echo "error: the engine ended and left mounts" >&2
    code=1
fi
exit "$code"
