#!/bin/sh
# Installs what the tests start, where it is missing: Debian's docker-registry, sshd, Prometheus (with promtool) and Chromium;
# and axe-core, which looks for what keeps people out of a page, into tests/browser/node_modules.
set -eu
missing=
command -v docker-registry >/dev/null || missing="$missing docker-registry"
[ -x /usr/sbin/sshd ] || missing="$missing openssh-server"
command -v ssh >/dev/null || missing="$missing openssh-client"
{ command -v prometheus && command -v promtool; } >/dev/null || missing="$missing prometheus"
command -v chromium >/dev/null || missing="$missing chromium fonts-dejavu-core"
command -v npm >/dev/null || missing="$missing npm"
install_axe() {
    here=$(dirname "$0")/../browser
    [ -f "$here/node_modules/axe-core/axe.min.js" ] ||
        npm install --silent --no-save --no-audit --no-fund --prefix "$here" axe-core@4.14.1 >/dev/null ||
        { echo "could not install axe-core by npm" >&2; exit 1; }
}
[ -z "$missing" ] && { install_axe; exit 0; }
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
install_axe
