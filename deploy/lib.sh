# shellcheck shell=bash
# What the scripts of this directory share: where the repository is, and how a step is announced, timed and failed.
# Sourced, never run. deploy/env stays apart, because people source that one into their own shells.

set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
# shellcheck disable=SC2034  # for deploy/demo
called_from="$PWD"
cd "$root"

say() {
    printf '%s %s: %s\n' "$(date +%H:%M:%S)" "${0##*/}" "$*"
}

fail() {
    say "FAILED: $*" >&2
    exit 1
}

# Seconds as people read them.
spell() {
    if [ "$1" -ge 60 ]; then
        printf '%d min %02d s' $(($1 / 60)) $(($1 % 60))
    else
        printf '%d s' "$1"
    fi
}

steps_done=()

# step NAME COMMAND...: runs it, remembers how long it took, and stops the script with its name if it fails.
step() {
    local name="$1" begun=$SECONDS status=0
    shift
    say "== $name"
    "$@" || status=$?
    local took
    took="$(spell $((SECONDS - begun)))"
    if [ "$status" -ne 0 ]; then
        tell_steps
        fail "step \"$name\" after $took (exit $status): $*"
    fi
    steps_done+=("$(printf '%-46s %s' "$name" "$took")")
}

tell_steps() {
    [ "${#steps_done[@]}" -gt 0 ] || return 0
    say "ran:"
    printf '    %s\n' "${steps_done[@]}"
}

# shellcheck disable=SC2120  # its arguments are not the script's
# need_cargo [COMPONENT...]: cargo and the named parts of the toolchain, or a line that says how to get them.
need_cargo() {
    # Under sudo and in CI the login shell's PATH is often missing.
    command -v cargo >/dev/null || PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
    command -v cargo >/dev/null || fail "no Rust toolchain: see https://rustup.rs, then try again"
    local component
    for component in "$@"; do
        case "$component" in
            rustfmt) cargo fmt --version >/dev/null 2>&1 && continue ;;
            clippy) cargo clippy --version >/dev/null 2>&1 && continue ;;
        esac
        step "rustup component add $component" rustup component add "$component"
    done
}
