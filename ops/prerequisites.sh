#!/bin/sh
# Makes sure that commands are there: ops/prerequisites.sh java mvn node chromium
# What is missing is installed from Debian's packages when we are root on Debian; elsewhere one line says what to install.
set -eu

package_of() {
    case "$1" in
        java) echo openjdk-17-jre-headless ;;
        mvn) echo maven ;;
        node) echo nodejs ;;
        npm) echo npm ;;
        chromium) echo chromium ;;
        *) echo "$1" ;;
    esac
}

packages=""
for command in "$@"; do
    if ! command -v "$command" >/dev/null 2>&1; then
        package=$(package_of "$command")
        # A later Debian has another Java, under the name that always means its own.
        if [ "$command" = java ] && command -v apt-cache >/dev/null 2>&1 && ! apt-cache show "$package" >/dev/null 2>&1; then
            package=default-jre-headless
        fi
        packages="$packages $package"
    fi
done
[ -n "$packages" ] || exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "Missing:$packages. Install them with the packages of your system (on Debian: apt-get install$packages)." >&2
    exit 1
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list of words
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends $packages; } >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    echo "Could not install:$packages. Install them and try again." >&2
    exit 1
fi
