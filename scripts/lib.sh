# Shared by every script here: where things are, how progress and failure are told.
# Sourced by bash, never run.

set -euo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
VAR=${GROSCHEN_VAR:-$ROOT/var}
VENV=$VAR/venv
LOG_DIR=$VAR/log

# Tells one line of progress; silent when a wrapper asked for quiet.
say() {
    [ -n "${GROSCHEN_QUIET:-}" ] || printf '%s\n' "$*" >&2
}

# Ends the script with one sentence (what is wrong) and one more (how to mend it).
fail() {
    printf 'groschen: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf '   mend: %s\n' "$2" >&2
    exit 1
}

# The last line of a log, short enough for one terminal row.
last_line() {
    tail -c 400 -- "$1" 2>/dev/null | tr '\r' '\n' | grep -v '^[[:space:]]*$' | tail -n 1 | cut -c 1-60
}

# Shows what a background process is doing until it ends: rewrites one row on a
# terminal, else prints a row every ten seconds. Work under two seconds shows nothing.
show_progress() {
    local pid=$1 title=$2 log=$3 began=$SECONDS told=0 elapsed
    while kill -0 "$pid" 2>/dev/null; do
        elapsed=$((SECONDS - began))
        if [ -t 2 ] && [ "$elapsed" -ge 2 ]; then
            printf '\r\033[K%s … %d s  %s' "$title" "$elapsed" "$(last_line "$log")" >&2
        elif [ "$elapsed" -ge $((told + 10)) ]; then
            told=$elapsed
            printf '%s … %d s  %s\n' "$title" "$elapsed" "$(last_line "$log")" >&2
        fi
        sleep 0.2
    done
    [ ! -t 2 ] || printf '\r\033[K' >&2
}

# step TITLE LOG COMMAND…: runs COMMAND with its output in LOG and shows progress.
# Returns the command's status.
step() {
    local title=$1 log=$2 began=$SECONDS status=0
    shift 2
    mkdir -p -- "$(dirname -- "$log")"
    printf '%s …\n' "$title" >&2
    "$@" >"$log" 2>&1 </dev/null &
    local pid=$!
    trap 'kill "$pid" 2>/dev/null || true; exit 130' INT TERM
    show_progress "$pid" "$title" "$log"
    wait "$pid" || status=$?
    trap - INT TERM
    [ "$status" -ne 0 ] || printf '%s: done in %d s\n' "$title" "$((SECONDS - began))" >&2
    return "$status"
}

# The hash of files and words that decides whether a finished step still holds.
fingerprint() {
    local word
    for word in "$@"; do
        if [ -f "$word" ]; then cat -- "$word"; else printf '%s\n' "$word"; fi
    done | sha256sum | cut -c 1-32
}

stamp_holds() {
    [ "$(cat -- "$VAR/stamps/$1" 2>/dev/null)" = "$2" ]
}

stamp_set() {
    mkdir -p -- "$VAR/stamps"
    printf '%s\n' "$2" >"$VAR/stamps/$1.new"
    mv -- "$VAR/stamps/$1.new" "$VAR/stamps/$1"
}
