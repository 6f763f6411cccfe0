# Shared by every script here: where things are, how progress and failure are told.
# Sourced by bash, never run.

set -euo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
VAR=${GROSCHEN_VAR:-$ROOT/var}
LOG_DIR=$VAR/log
VENV=$VAR/venv
PYTHON=$VENV/bin/python

# This checkout goes before whatever an environment shared with another one installed.
export PYTHONPATH=$ROOT${PYTHONPATH:+:$PYTHONPATH}

# What every wrapper does first: brings what is missing, says nothing if nothing is.
# Takes the arguments of scripts/setup.
set_up() {
    "$ROOT/scripts/setup" --quiet "$@"
}

say() {
    printf '%s\n' "$*" >&2
}

# Ends the script: one sentence says what is wrong, the next how to mend it.
fail() {
    printf 'groschen: %s\n    mend: %s\n' "$1" "$2" >&2
    exit 1
}

# The last line of a log that says something, short enough for one terminal row.
last_line() {
    tail -c 600 -- "$1" 2>/dev/null | tr '\r' '\n' | sed '/^[[:space:]]*$/d; /^WARNING/d' | tail -n 1 | cut -c 1-70
}

# The first line of a log that names a fault, else its last line.
fault_in() {
    local fault
    fault=$(grep -m 1 -E '^(E|Err|ERROR|W: Failed)\b' -- "$1" 2>/dev/null | tr '\r' ' ' | cut -c 1-200)
    [ -n "$fault" ] || fault=$(last_line "$1")
    printf '%s\n' "$fault"
}

# Shows what a background process is doing until it ends: one row rewritten on a
# terminal, else a row every ten seconds. Work under two seconds shows nothing.
show_progress() {
    local pid=$1 title=$2 log=$3 began=$SECONDS told=0 elapsed
    while kill -0 "$pid" 2>/dev/null; do
        elapsed=$((SECONDS - began))
        if [ -t 2 ] && [ "$elapsed" -ge 2 ]; then
            printf '\r\033[K  %d s  %s' "$elapsed" "$(last_line "$log")" >&2
        elif [ ! -t 2 ] && [ "$elapsed" -ge $((told + 10)) ]; then
            told=$elapsed
            say "  $elapsed s  $(last_line "$log")"
        fi
        sleep 0.1
    done
    [ ! -t 2 ] || printf '\r\033[K' >&2
}

# step TITLE LOG COMMAND…: runs COMMAND with its output in LOG, showing progress, and
# returns its status. COMMAND gives up the set-up lock, so that nothing it leaves
# behind can keep it.
step() {
    local title=$1 log=$2 began=$SECONDS status=0 pid
    shift 2
    mkdir -p -- "$(dirname -- "$log")"
    say "$title …"
    set -m # a process group of its own, so that an interrupt can end all of it
    "$@" >"$log" 2>&1 </dev/null 9>&- &
    pid=$!
    set +m
    # shellcheck disable=SC2064  # the process of now is meant
    trap "kill -- -$pid 2>/dev/null || true; exit 130" INT TERM HUP
    show_progress "$pid" "$title" "$log"
    wait "$pid" || status=$?
    trap - INT TERM HUP
    [ "$status" -ne 0 ] || say "  done in $((SECONDS - began)) s"
    return "$status"
}

version_at_least() {
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

# The hash of files and words that decides whether a finished step still holds.
fingerprint() {
    local word
    for word in "$@"; do
        if [ -f "$word" ]; then cat -- "$word"; else printf '%s\n' "$word"; fi
    done | sha256sum | cut -c 1-32
}

stamp_holds() {
    local held=
    [ ! -r "$VAR/stamps/$1" ] || read -r held <"$VAR/stamps/$1"
    [ "$held" = "$2" ]
}

stamp_set() {
    mkdir -p -- "$VAR/stamps"
    write_whole "$VAR/stamps/$1" "$2"
}

# write_whole FILE LINE: nobody ever reads half of it.
write_whole() {
    printf '%s\n' "$2" >"$1.new"
    mv -- "$1.new" "$1"
}
