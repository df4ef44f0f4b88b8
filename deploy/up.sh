#!/bin/sh
# Starts the chat of docker-compose.yml in the background, after it has looked whether that can work: up.sh PATTERN [ARGUMENT...]
#
# What is wrong is said in one sentence, with what to do about it. Further arguments are those of `docker compose up`.
set -eu
cd "$(dirname "$0")/.."

stop() { printf 'error: %s\nhint: %s\n' "$2" "$3" >&2; exit "$1"; }

pattern=${1:-}
case $pattern in
local | redis | zeromq | amqp) shift ;;
'') stop 2 "no pattern was named" "name one: deploy/up.sh redis (or zeromq, amqp, local)" ;;
*) stop 2 "there is no pattern '$pattern'" "name one: deploy/up.sh redis (or zeromq, amqp, local)" ;;
esac

command -v docker >/dev/null || stop 4 "Docker is not installed" "install an engine: apt-get install docker.io, or https://docs.docker.com/engine/install"
if ! said=$(docker version --format '{{.Server.Version}}' 2>&1); then
    case $said in
    *"permission denied"*) stop 4 "you may not talk to the Docker engine" "join its group: sudo usermod -aG docker $(id -un), and log in again; or use sudo" ;;
    *) stop 4 "no Docker engine answers at ${DOCKER_HOST:-its usual socket}" "start it: sudo systemctl start docker, or open Docker Desktop" ;;
    esac
fi
if docker compose version >/dev/null 2>&1; then
    compose="docker compose"
elif command -v docker-compose >/dev/null; then
    compose=docker-compose
else
    stop 4 "Docker Compose is not installed" "install it: apt-get install docker-compose-v2, or docker-compose"
fi

# Where the engine keeps its images, unless it runs elsewhere.
place=$(docker info --format '{{.DockerRootDir}}' 2>/dev/null || true)
needed=${NEEDED_MB:-2000}
if [ -n "$place" ] && [ -d "$place" ]; then
    free=$(df -Pk "$place" | awk 'NR == 2 { print int($4 / 1024) }')
    [ "$free" -ge "$needed" ] ||
        stop 4 "only $free MB are free at $place, and images and their building need $needed" "free some: docker system prune, or set NEEDED_MB if the images are there"
fi

# A secret that everybody knows is good enough for this machine alone.
case ${BIND:-127.0.0.1} in
127.* | localhost | ::1) ;;
*) [ -n "${PUBSUB_LAB_SECRET:-}" ] ||
    stop 2 "others can reach $BIND, and the secret that signs sessions is the one of docker-compose.yml, which everybody knows" "set your own: export PUBSUB_LAB_SECRET=\$(openssl rand -hex 32)" ;;
esac

port=${PORT:-8080}
other=$(docker ps --filter label=com.docker.compose.service --format '{{.Label "com.docker.compose.project"}} {{.Label "com.docker.compose.service"}}' |
    sed -n "s/^${COMPOSE_PROJECT_NAME:-$(basename "$PWD")} \(node-local\|node-redis\|node-amqp\|zeromq\).*/\1/p" | sed 's/node-//' | sort -u | grep -vx "$pattern" || true)
[ -z "$other" ] ||
    stop 2 "the pattern $other is up, and its nodes and those of $pattern would not hear each other" "take it down first: $compose --profile $other down"

if ! said=$($compose --profile "$pattern" up --detach "$@" 2>&1); then
    printf '%s\n' "$said" >&2
    case $said in
    *"address already in use"* | *"port is already allocated"*) stop 4 "port $port is taken" "choose another: PORT=8090 deploy/up.sh $pattern" ;;
    *"no space left"*) stop 4 "the disk of the Docker engine is full" "free some: docker system prune" ;;
    *"network is unreachable"* | *"no such host"* | *"manifest unknown"* | *"i/o timeout"*)
        stop 4 "an image could not be fetched" "name images that are here, or a mirror's: see 'Images' in book/src/reference/compose.md" ;;
    *) stop 1 "the containers could not be started" "what Compose said stands above" ;;
    esac
fi
echo "the chat is at http://localhost:$port; end it: $compose --profile $pattern down"
