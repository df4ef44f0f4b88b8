#!/bin/sh
# Installs what the build, the tests and the demo need, and nothing that is there already.
#
# Debian and Ubuntu: by apt-get, with sudo when not root, without starting a service or leaving one to start at
# boot. macOS and others: says what to install, and stops. With everything in place it is silent.
#
# `setup.sh --compiler` installs what compiles alone, so that a caller can begin with that while the rest is installed.
# `setup.sh --compose` installs what `make test-compose` needs beside that: a Docker engine, Compose, and the tool that
# makes base images of the distribution's packages.
set -eu

# Where Debian and Homebrew keep servers, and rustup its tools: often not on a user's PATH.
PATH="$PATH:/usr/sbin:/sbin:/usr/local/sbin:/opt/homebrew/sbin:/opt/homebrew/bin:${HOME:-/root}/.cargo/bin"
here=$(cd "$(dirname "$0")" && pwd)
policy=/usr/sbin/policy-rc.d
mark="# pubsub-lab setup: no service starts while packages are installed"

has() { command -v "$1" >/dev/null 2>&1; }
say() { printf 'setup: %s\n' "$*" >&2; }
stop() { say "$@"; exit 1; }

# --- the part that runs as root -------------------------------------------------------------------------------

# Keeps packages from starting their services, until this script ends in whatever way.
hold_services() {
    if [ -e "$policy" ] && ! grep -qF "$mark" "$policy"; then
        # Somebody else's. It stays as it is; exit code 101 means that it forbids starting, too.
        code=0
        "$policy" redis-server start >/dev/null 2>&1 || code=$?
        [ "$code" -eq 101 ] || stop "$policy lets services start; install by hand: apt-get install $*"
        return
    fi
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' HUP INT TERM
    printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy"
    chmod 755 "$policy"
}

# A workbench leaves no broker behind that starts at the next boot. Units that were there before stay enabled.
leave_disabled() {
    has systemctl || return 0
    for unit in "$@"; do
        systemctl disable "$unit" >/dev/null 2>&1 || true
    done
}

unit_exists() { [ -e "/lib/systemd/system/$1" ] || [ -e "/usr/lib/systemd/system/$1" ]; }

install_as_root() {
    hold_services "$@"
    fresh=
    for unit in redis-server.service rabbitmq-server.service epmd.service epmd.socket docker.service docker.socket \
        containerd.service prometheus.service; do
        unit_exists "$unit" || fresh="$fresh $unit"
    done
    # --no-remove: an installation that would push out something of yours is refused.
    apt-get install -qq -y --no-install-recommends --no-remove -o Dpkg::Use-Pty=0 "$@" >&2
    # shellcheck disable=SC2086 # a list of words
    leave_disabled $fresh
}

export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
case "${1:-}" in
--root-update)
    apt-get update -qq >&2 || say "apt-get update met errors; going on with the lists at hand"
    exit 0
    ;;
--root-install)
    shift
    install_as_root "$@"
    exit 0
    ;;
esac

# --- what is missing ------------------------------------------------------------------------------------------

# A compiler that cannot link (gcc without the C library's headers) is none.
can_link() {
    case "$system" in
    macos) xcode-select -p >/dev/null 2>&1 ;;
    *) has cc && echo 'int main(void) { return 0; }' | cc -x c -o /dev/null - 2>/dev/null ;;
    esac
}

has_browser() {
    has chromium || has chromium-browser || has google-chrome || has google-chrome-stable || has chrome ||
        [ -d "/Applications/Google Chrome.app" ] || [ -d "/Applications/Chromium.app" ]
}

has_driver() { has chromedriver || has chromium.chromedriver || [ -x /usr/lib/chromium-browser/chromedriver ]; }

# Some python3 of this machine that can do this: the one that comes first may lack what Debian's own has.
some_python() {
    for python in python3 /usr/bin/python3; do
        if "$python" -c "$1" >/dev/null 2>&1; then return 0; fi
    done
    return 1
}

# The tests of ZeroMQ meet a program of other people.
has_zmq() { some_python 'import zmq'; }
# What the tests have other people judge: JSON Schemas, the report's histograms, spans, and the files for Kubernetes. Debian has
# not all of it, so that it lives in an environment of its own, which nothing but the tests knows. (jsonschema comes with
# kubernetes-validate.)
python_packages="hdrhistogram==0.10.8 kubernetes-validate==1.37.0 opentelemetry-proto==1.45.2"
python_home="$here/../target/python"
has_python_packages() {
    "$python_home/bin/python3" -c "from importlib.metadata import version
from hdrh.log import HistogramLogReader
import kubernetes_validate, opentelemetry.proto.trace.v1.trace_pb2, sys
assert all(version(name) == wanted for name, wanted in (one.split('==') for one in sys.argv[1].split()))" \
        "$python_packages" >/dev/null 2>&1
}
can_make_environments() { some_python 'import ensurepip, venv'; }
# Tests put servers in other languages through the bench. Debian's perl-base comes without this module.
has_perl() { has perl && perl -MDigest::SHA -e 1 >/dev/null 2>&1; }

system=other
id=
if [ "$(uname -s)" = Darwin ]; then
    system=macos
elif [ -r /etc/os-release ]; then
    id=$(. /etc/os-release && echo "${ID:-} ${ID_LIKE:-}")
    case " $id " in
    *" debian "* | *" ubuntu "*) if has apt-get; then system=apt; fi ;;
    esac
fi

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        has sudo || stop "not root, and no sudo; as root: apt-get install$missing"
        sudo "$@"
    fi
}

look_for_packages() {
    say "looking for packages"
    as_root sh "$here/setup.sh" --root-update
}

install_missing() {
    say "installing$missing"
    # shellcheck disable=SC2086 # a list of words
    as_root sh "$here/setup.sh" --root-install $missing
}

# Each is named as its Debian package.
missing=
want() { missing="$missing $1"; }
is_packaged() { apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [0-9]'; }

if [ "${1:-}" = --compose ]; then
    [ "$system" = apt ] || stop "the test of the compose file needs Debian or Ubuntu, because it makes its images of their packages"
    has dockerd && has mmdebstrap && has ip && { docker compose version >/dev/null 2>&1 || has docker-compose; } && exit 0
    look_for_packages
    has dockerd || want docker.io
    has mmdebstrap || want mmdebstrap
    has ip || want iproute2
    if is_packaged docker-compose-v2; then want docker-compose-v2; else want docker-compose; fi
    install_missing
    exit 0
fi

want_for_compiling() {
    has curl || want curl
    can_link || want "gcc libc6-dev"
    [ "$system" != apt ] || [ -e /etc/ssl/certs/ca-certificates.crt ] || want ca-certificates
}

browser=
browser_note="the tests of the chat page need Chromium and chromedriver, and will fail without"
want_for_running() {
    has redis-server || want redis-server
    has rabbitmq-server || [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || want rabbitmq-server
    has openssl || want openssl
    has_zmq || want python3-zmq
    has tidy || want tidy
    has promtool || want prometheus
    has faketime || want faketime
    has_python_packages || can_make_environments || want python3-venv
    has node || want nodejs
    has_perl || want perl
    has_browser || browser="$browser chromium"
    has_driver || browser="$browser chromium-driver"
    case " $id " in
    # Ubuntu's packages of that name only fetch a snap, which needs a running snapd.
    " ubuntu "*) if [ -n "$browser" ]; then say "$browser_note: sudo snap install chromium"; fi ;;
    *) if [ "$system" = apt ]; then missing="$missing$browser"; fi ;;
    esac
}

want_for_compiling
[ "${1:-}" = --compiler ] || want_for_running

need_rust=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$here/../Cargo.toml")
rustup_line="curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
rust=ok
if ! has cargo || ! has rustc; then
    rust=missing
elif ! version=$(rustc --version 2>/dev/null); then
    rust=unset
else
    version=${version#rustc }
    version=${version%% *}
    oldest=$(printf '%s\n%s\n' "$need_rust" "${version%%-*}" | sort -t. -k1,1n -k2,2n | head -n 1)
    [ "$oldest" = "$need_rust" ] || rust=old
fi

# --- macOS and others: say it -----------------------------------------------------------------------------------

case "$system" in
macos)
    brew=$(echo "$missing" | sed -e 's/redis-server/redis/; s/rabbitmq-server/rabbitmq/; s/gcc libc6-dev//; s/python3-zmq//; s/tidy/tidy-html5/; s/python3-venv/python3/; s/nodejs/node/' | xargs)
    [ -z "$brew" ] || say "missing; install by Homebrew: brew install $brew"
    can_link || say "missing: a C toolchain; install it: xcode-select --install"
    has_zmq || say "missing: pyzmq, for the tests; install it: python3 -m pip install pyzmq"
    [ -z "$browser" ] || say "$browser_note: brew install --cask google-chrome chromedriver"
    [ -z "$missing" ] || exit 1
    ;;
other)
    [ -z "$browser" ] || say "$browser_note"
    [ -z "$missing" ] || stop "this system is not known here; install what is missing (Debian's names):$missing"
    ;;
esac

# --- Debian and Ubuntu: install it ------------------------------------------------------------------------------

if [ "$system" = apt ] && { [ -n "$missing" ] || [ "$rust" = missing ]; }; then
    look_for_packages
    if [ "$rust" = missing ] && is_packaged rustup; then want rustup; fi
    if [ -n "$missing" ]; then install_missing; fi
    if [ "$rust" = missing ] && has rustup; then rust=unset; fi
fi

# --- Python, for the tests --------------------------------------------------------------------------------------

if [ "${1:-}" != --compiler ] && ! has_python_packages; then
    say "installing $python_packages for the tests, into target/python"
    for python in python3 /usr/bin/python3; do
        if "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then break; fi
    done
    # Made anew: what a broken one left may be of a Python that is gone.
    # shellcheck disable=SC2086 # a list of words
    "$python" -m venv --clear "$python_home" >&2 &&
        "$python_home/bin/python3" -m pip install -q --disable-pip-version-check $python_packages >&2 ||
        stop "$python_packages could not be installed; is this machine online? try again: make setup"
    has_python_packages || stop "$python_packages are installed and do not run; remove $python_home and try again"
fi

# --- Rust -------------------------------------------------------------------------------------------------------

case "$rust" in
missing)
    [ "$system" = apt ] || stop "missing: Rust $need_rust or newer; install it as https://rustup.rs says: $rustup_line"
    # Debian 12 has no package of it. This is what its own page says, into the home directory, asking nothing.
    say "installing the stable Rust toolchain by rustup, into ${CARGO_HOME:-$HOME/.cargo}"
    installer=$(curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs) &&
        echo "$installer" | sh -s -- -y -q --profile minimal --no-modify-path >&2 ||
        stop "rustup could not be installed; install Rust $need_rust or newer by hand: $rustup_line"
    has rustc || stop "rustup is installed, but rustc is not found; open a new shell and try again"
    ;;
unset)
    has rustup || stop "rustc does not run; install Rust $need_rust or newer as https://rustup.rs says: $rustup_line"
    say "installing the stable Rust toolchain"
    rustup default stable >&2
    ;;
old)
    if has rustup; then hint="update it: rustup update stable"; else hint="remove it and try again"; fi
    stop "Rust $version is too old, $need_rust is needed; $hint"
    ;;
esac

tools=$(rustc --print sysroot)/bin
for tool in rustfmt clippy; do
    command=$tool
    [ "$tool" = rustfmt ] || command=cargo-clippy
    if [ -x "$tools/$command" ] || { ! has rustup && has "$command"; }; then continue; fi
    has rustup || stop "missing: $command, a part of the Rust toolchain"
    say "installing $tool"
    rustup component add "$tool" >&2
done
