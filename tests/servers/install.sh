#!/bin/sh
# Installs what the tests start as real servers, where it is missing: Debian's docker-registry, sshd and Prometheus (with promtool).
set -eu
missing=
command -v docker-registry >/dev/null || missing="$missing docker-registry"
[ -x /usr/sbin/sshd ] || missing="$missing openssh-server"
command -v ssh >/dev/null || missing="$missing openssh-client"
{ command -v prometheus && command -v promtool; } >/dev/null || missing="$missing prometheus"
[ -z "$missing" ] && exit 0
as_root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "missing:$missing; install them as root: apt-get install$missing" >&2; exit 1; }
    as_root=sudo
fi
echo "installing for the tests:$missing"
# The tests start what they need: no package may start a service of its own, which would take a port of this machine.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap '$as_root rm -f "$policy"' EXIT
    trap 'exit 1' INT TERM
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod 755 "$policy"
fi
$as_root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -qq -y --no-install-recommends $missing >/dev/null ||
    { echo "could not install:$missing" >&2; exit 1; }
