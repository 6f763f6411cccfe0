# Makes the virtual environment var/venv with Groschen and what it needs. Sourced by
# scripts/setup. Three sizes, each holding the one before it: runtime (to serve calls),
# rig (also what the demo and the listening need), dev (also tests and checks).

PYTHON_OLDEST=3.11
PYTHON_HINT="install Python $PYTHON_OLDEST or newer (package python3), or put one on PATH"

# The newest Python on PATH that has all of the standard library used here.
python_choose() {
    local name
    for name in python3.14 python3.13 python3.12 python3.11 python3 python; do
        command -v "$name" >/dev/null || continue
        if "$name" -c "import sys, ssl, sqlite3, ctypes, venv
sys.exit(sys.version_info < (${PYTHON_OLDEST/./, }))" >/dev/null 2>&1; then
            "$name" -c 'import sys; print(sys.executable)'
            return
        fi
    done
}

# Fails at once, before anything is fetched, where no environment could be made.
python_require() {
    [ -x "$PYTHON" ] || [ -n "$(python_choose)" ] ||
        fail "no Python $PYTHON_OLDEST or newer is on PATH." "$PYTHON_HINT"
}

# Makes an empty environment that has pip. Debian splits ensurepip from Python; where it
# is missing, pip's own wheel is unpacked from the archive and installs itself.
python_make_venv() {
    local wheel
    rm -rf -- "$VENV"
    if "$1" -c 'import ensurepip; ensurepip.version()' 2>/dev/null; then
        "$1" -m venv "$VENV"
        return
    fi
    echo "this Python has no ensurepip; pip comes from the Debian archive"
    "$1" -m venv --without-pip "$VENV" || return
    debian_apt update || return
    debian_unpack "$VAR/pip-wheel" python3-pip-whl || return
    wheel=$(find "$VAR/pip-wheel/usr/share/python-wheels" -name 'pip-*.whl' | head -n 1)
    [ -n "$wheel" ] || { echo "the package python3-pip-whl holds no wheel of pip"; return 1; }
    "$PYTHON" "$wheel/pip" install --no-index "$wheel" || return
    rm -rf -- "$VAR/pip-wheel"
}

# An environment holds its own path in many files, so one that was moved is made anew.
python_venv_is_whole() {
    grep -q -- " $VENV\$" "$VENV/pyvenv.cfg" 2>/dev/null && "$PYTHON" -m pip --version >/dev/null 2>&1
}

python_install() {
    local extra=
    [ "$1" = runtime ] || extra="[$1]"
    PYTHONPATH='' "$PYTHON" -m pip install --disable-pip-version-check --no-input \
        --progress-bar off --editable "$ROOT$extra"
}

# What setup.cfg says is to be installed; its settings of tools may change freely.
python_wants() {
    awk '/^\[/ { wanted = /^\[(metadata|options)/ } wanted' "$ROOT/setup.cfg"
}

# True when the environment holds at least the asked size for the present setup.cfg.
python_is_ready() {
    local size
    case $1 in
        runtime) set -- "$2" runtime rig dev ;;
        rig) set -- "$2" rig dev ;;
        *) set -- "$2" dev ;;
    esac
    for size in "${@:2}"; do
        if stamp_holds "python-$size" "$1" && "$PYTHON" -c '' 2>/dev/null; then return 0; fi
    done
    return 1
}

# setup_python SIZE
setup_python() {
    local size=$1 key base log=$LOG_DIR/setup-python.log
    key=$(fingerprint "$(python_wants)" "$ROOT/pyproject.toml" "$VENV")
    if python_is_ready "$size" "$key"; then return; fi
    lock_setup
    if python_is_ready "$size" "$key"; then return; fi
    if ! python_venv_is_whole; then
        base=$(python_choose)
        "$base" -c 'import ensurepip; ensurepip.version()' 2>/dev/null || debian_configure
        rm -f -- "$VAR"/stamps/python-*
        step "Virtual environment with $base" "$log" python_make_venv "$base" ||
            fail "no virtual environment could be made: $(fault_in "$log")" \
                "read $log, then run scripts/setup again; the package python3-venv helps too"
    fi
    step "Python packages ($size)" "$log" python_install "$size" ||
        fail "the Python packages could not be installed: $(fault_in "$log")" \
            "read $log, check the way to the package index, then run scripts/setup again"
    stamp_set "python-$size" "$key"
}
