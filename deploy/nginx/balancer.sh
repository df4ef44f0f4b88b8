#!/bin/sh
# Starts nginx, and tells it where the nodes are.
#
# nginx looks a name up when it starts and never again. Containers come and go with other addresses, so this looks each
# second, and has nginx read its configuration again when something changed. That cuts no connection.
#
# BALANCE   how nodes are chosen: a file of the folder `balance`
# ADDRESS   where people find the chat
# TLS_PORT  the port at which people find it by TLS; empty without. Then /certificates has fullchain.pem and privkey.pem
set -eu
here=$(dirname "$0")
balance=${BALANCE:-least_conn}

if [ ! -r "$here/balance/$balance.conf" ]; then
    echo "error: no way to balance is called '$balance'" >&2
    echo "hint: set BALANCE to one of these: $(cd "$here/balance" && echo *.conf | sed 's/\.conf//g')" >&2
    exit 2
fi
cp "$here/balance/$balance.conf" /tmp/balance.conf
: >/tmp/cookie.conf
if [ "$balance" = cookie ]; then
    # Without a lifetime it goes with the browser.
    echo 'add_header Set-Cookie "pubsub_lab_route=$route; Path=/; HttpOnly; SameSite=Lax";' >/tmp/cookie.conf
fi

tls=${TLS_PORT:-}
if [ -z "$tls" ]; then
    echo 'listen 8080;' >/tmp/listen.conf
    : >/tmp/plain.conf
else
    for file in fullchain.pem privkey.pem; do
        [ -r "/certificates/$file" ] || {
            echo "error: nginx cannot read $file in the folder of certificates" >&2
            echo "hint: CERTIFICATES has to name a folder with fullchain.pem and privkey.pem that the user $(id -u) may read" >&2
            exit 2
        }
    done
    cat >/tmp/listen.conf <<EOF
listen 8443 ssl;
ssl_certificate /certificates/fullchain.pem;
ssl_certificate_key /certificates/privkey.pem;
ssl_protocols TLSv1.2 TLSv1.3;
ssl_session_cache shared:tls:1m;
EOF
    # A session's token is worth its person's name, so nothing of the chat goes over the plain port.
    cat >/tmp/plain.conf <<EOF
server {
    listen 8080;
    location = /balancer { default_type text/plain; return 200 "balancing\n"; }
    location / { return 307 https://\$host:$tls\$request_uri; }
}
EOF
fi

# What nginx read of the certificate; a renewed one is another.
certificate() { [ -z "$tls" ] || cat /certificates/fullchain.pem /certificates/privkey.pem 2>/dev/null | cksum; }

# Looks the name up that all nodes have: `servers` gets a line for each address.
look() {
    servers=$(getent hosts nodes | sed -n 's/^\([0-9.]*\)[[:space:]].*/server \1:8080 max_fails=1 fail_timeout=1s;/p' | sort -u)
}

# nginx takes no empty list; nobody listens at this one.
write() { echo "${servers:-server 127.0.0.1:9;}" >/tmp/nodes.conf; }

report() {
    if [ -z "$servers" ]; then
        echo "error: no node is up"
        echo "hint: choose a pattern: docker compose --profile redis up (or zeromq, amqp, local)"
    else
        echo "the chat is at $ADDRESS, on $(echo "$servers" | wc -l) nodes"
    fi >&2
}

# As many connections as the engine lets.
ulimit -n "$(ulimit -H -n)" || true
look
write
read_certificate=$(certificate)
nginx -e stderr -c "$here/nginx.conf" -g 'daemon off;' &
nginx=$!
trap 'kill -TERM "$nginx" 2>/dev/null; wait "$nginx"; exit 0' TERM INT QUIT

# The first nodes come within seconds; before that, none is no error.
[ -z "$servers" ] || report
looks=0
while kill -0 "$nginx" 2>/dev/null; do
    sleep 1 &
    wait $! || true
    looks=$((looks + 1))
    before=$servers
    look
    now=$(certificate)
    if [ "$now" != "$read_certificate" ]; then
        read_certificate=$now
        # While one of the two files is still the old one, nginx refuses the pair and goes on with what it has.
        kill -HUP "$nginx"
    fi
    if [ "$servers" != "$before" ]; then
        write
        kill -HUP "$nginx"
        report
    elif [ "$looks" = 3 ] && [ -z "$servers" ]; then
        report
    fi
done
wait "$nginx"
