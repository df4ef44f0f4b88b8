#!/bin/sh
# The entry of the test's image of servers: what the entries of the official images do, as far as the compose file needs it.
set -eu
if [ "${1:-}" = rabbitmq-server ] && [ "$(id -u)" = 0 ]; then
    shift
    chown -R rabbitmq:rabbitmq /var/lib/rabbitmq
    if [ -z "${RABBITMQ_CONFIG_FILE:-}" ]; then
        # The official image lets its usual user in from everywhere.
        echo 'loopback_users = none' >/etc/rabbitmq/rabbitmq.conf
    fi
    # Debian's own script starts the server behind two shells, which pass no signal on.
    export HOME=/var/lib/rabbitmq RUNNING_UNDER_SYSTEMD=true RABBITMQ_LOGS=-
    exec setpriv --reuid=rabbitmq --regid=rabbitmq --init-groups /usr/lib/rabbitmq/bin/rabbitmq-server "$@"
fi
exec "$@"
