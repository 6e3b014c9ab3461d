#!/bin/sh
# Installs what the tests start as real servers, where it is missing: Debian's docker-registry and sshd.
set -eu
missing=
command -v docker-registry >/dev/null || missing="$missing docker-registry"
[ -x /usr/sbin/sshd ] || missing="$missing openssh-server"
command -v ssh >/dev/null || missing="$missing openssh-client"
[ -z "$missing" ] && exit 0
as_root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "missing:$missing; install them as root: apt-get install$missing" >&2; exit 1; }
    as_root=sudo
fi
echo "installing for the tests:$missing"
$as_root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -qq -y --no-install-recommends $missing >/dev/null ||
    { echo "could not install:$missing" >&2; exit 1; }
