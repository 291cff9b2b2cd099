#!/usr/bin/env bash
# Runs a command on a network of its own: loopback and one more address, 198.18.0.1 (RFC 2544, for tests), which nothing
# outside can reach. Firefox needs it: it never pairs its candidates with a loopback address.
set -euo pipefail

inside='
    ip link set lo up
    ip link add host0 type veth peer name host1
    ip address add 198.18.0.1/24 dev host0
    ip link set host0 up
    ip link set host1 up
    ip route add default dev host0
    exec "$@"'
if [ "$(id -u)" -eq 0 ]; then
    exec unshare --net bash -ec "$inside" -- "$@"
fi
exec unshare --user --map-root-user --net bash -ec "$inside" -- "$@"
