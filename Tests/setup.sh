#!/usr/bin/env bash
# Installs what building (`build`), testing (`test`) or generating messages (`proto`) needs on Debian 12, and says in
# plain words what is missing where it cannot. Fast when nothing is: safe to run every time.
set -euo pipefail
cd "$(dirname "$0")/.."

# What the Swift toolchain calls and links with, then what Hutong links with.
build_packages=(
    binutils git libc6-dev libcurl4 libncurses6 libsqlite3-0 libstdc++-12-dev libxml2 pkg-config tzdata
    libopus-dev libsqlite3-dev libsrtp2-dev libssl-dev libvpx-dev zlib1g-dev
)
# Intel's cipher library exists for x86-64 only; elsewhere OpenSSL does its work.
[ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] && build_packages+=(libipsec-mb-dev)
# Two browsers, fonts for what Chinese names and emoji look like in screenshots, Python for the other clients, and `ip`
# for a network of Firefox's own. Janus is the peer that hutong-load judges us by.
test_packages=(chromium firefox-esr fonts-noto-cjk fonts-noto-color-emoji iproute2 janus python3 python3-venv)
proto_packages=(protobuf-compiler)

swift_version_needed=6.3

fail() {
    printf '\n' >&2
    printf '%s\n' "$@" >&2
    exit 1
}

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

install_packages() {
    local missing=() package as_root=()
    command -v dpkg-query >/dev/null || fail "This is not Debian. Install these by your system's names: $*"
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    if [ "$(id -u)" -ne 0 ]; then
        # Without a terminal sudo must not wait for a password that nobody will type.
        if command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
            as_root=(sudo)
        else
            fail "These Debian packages are missing, and only root can install them:" "    apt-get install ${missing[*]}"
        fi
    fi
    echo "Installing ${missing[*]}"
    "${as_root[@]}" apt-get update -qq || fail "apt-get update failed: is the network there?"
    # In run level 1 Debian's packages do not start the services that they bring.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${missing[@]}" \
        >/dev/null || fail "apt-get could not install: ${missing[*]}"
}

check_swift() {
    local found
    [ -n "${SWIFT:-}" ] || fail "Swift is missing. Install Swift $swift_version_needed for Debian 12 from https://swift.org/install" \
        "and put its usr/bin folder into PATH (or run: make SWIFT=/path/to/swift …)."
    found=$("$SWIFT" --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+\.[0-9]+).*/\1/p' | head -1)
    [ -n "$found" ] || fail "$SWIFT does not run. Install Swift $swift_version_needed from https://swift.org/install"
    [ "$(printf '%s\n' "$swift_version_needed" "$found" | sort -V | head -1)" = "$swift_version_needed" ] ||
        fail "$SWIFT is Swift $found; Hutong needs $swift_version_needed or newer, from https://swift.org/install"
}

install_python() {
    local venv=.build/venv
    cmp -s Tests/requirements.txt "$venv/installed.txt" && return
    echo "Installing the Python test environment"
    rm -rf "$venv"
    mkdir -p .build
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "The tests need Python 3.11 or newer, as Debian 12 has it; python3 here is $(python3 --version)."
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r Tests/requirements.txt ||
        fail "pip could not install Tests/requirements.txt: is PyPI reachable?"
    cp Tests/requirements.txt "$venv/installed.txt"
}

for part in "$@"; do
    case $part in
    build)
        install_packages "${build_packages[@]}"
        check_swift
        ;;
    test)
        install_packages "${test_packages[@]}"
        install_python
        ;;
    proto) install_packages "${proto_packages[@]}" ;;
    esac
done
