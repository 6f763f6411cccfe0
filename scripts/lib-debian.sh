# Fetches Debian packages into a folder, as any user, without touching the machine:
# apt keeps its own state under var/, checks the archive's signatures, and dpkg-deb
# unpacks. Sourced by scripts/setup.

DEBIAN_SUITE=sid
DEBIAN_COMPONENTS=main
DEBIAN_RELEASES="bookworm|trixie|forky|duke|sid|oldstable|stable|testing|unstable"
APT_DIR=$VAR/apt
APT_MIRROR_HINT="set GROSCHEN_DEBIAN_MIRROR to the address of a Debian archive and \
GROSCHEN_DEBIAN_KEYRING to its keyring file (package debian-archive-keyring), then run scripts/setup again"

# The first Debian archive that this machine's own apt is set up to use. Its lists say who
# made them; before the first "apt-get update" there are none, and the name of the
# release has to tell Debian from its descendants.
debian_mirror() {
    local mirror=${GROSCHEN_DEBIAN_MIRROR:-}
    [ -n "$mirror" ] || mirror=$(apt-get indextargets --format '$(ORIGIN)|$(COMPONENT)|$(REPO_URI)' \
        'Identifier: Packages' 2>/dev/null |
        sed -n '/security/d; /|cdrom:/d; s/^Debian|main|//p' | head -n 1)
    [ -n "$mirror" ] || mirror=$(apt-get update --print-uris -o Debug::NoLocking=true 2>/dev/null |
        sed -nE "/^'cdrom:/d; s#^'(.*)/dists/($DEBIAN_RELEASES)/InRelease' .*#\1#p" | head -n 1)
    printf '%s\n' "$mirror"
}

# The keyring that signs the archive: the setting, or the machine's own.
debian_keyring() {
    local candidate
    for candidate in "${GROSCHEN_DEBIAN_KEYRING:-}" \
        /usr/share/keyrings/debian-archive-keyring.pgp \
        /usr/share/keyrings/debian-archive-keyring.gpg; do
        if [ -n "$candidate" ] && [ -r "$candidate" ]; then
            printf '%s\n' "$candidate"
            return
        fi
    done
}

# Writes the private apt configuration; fails with the setting to make where the
# machine knows no Debian archive.
debian_configure() {
    local mirror keyring tool
    for tool in apt-get dpkg-deb; do
        command -v "$tool" >/dev/null ||
            fail "$tool is missing, so no Debian package can be fetched." \
                "use Debian 12 or newer, or Ubuntu 22.04 or newer"
    done
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || fail "apt on this machine knows no Debian archive." "$APT_MIRROR_HINT"
    keyring=$(debian_keyring)
    [ -n "$keyring" ] || fail "there is no keyring to check the Debian archive with." "$APT_MIRROR_HINT"
    mkdir -p -- "$APT_DIR/state/lists/partial" "$APT_DIR/cache/archives/partial"
    : >"$APT_DIR/state/status"
    printf 'deb [arch=%s signed-by=%s] %s %s %s\n' \
        "$(dpkg --print-architecture)" "$keyring" "$mirror" "$DEBIAN_SUITE" "$DEBIAN_COMPONENTS" \
        >"$APT_DIR/sources.list"
    cat >"$APT_DIR/apt.conf" <<CONF
Dir::State "$APT_DIR/state";
Dir::State::lists "$APT_DIR/state/lists";
Dir::State::status "$APT_DIR/state/status";
Dir::State::extended_states "$APT_DIR/state/extended_states";
Dir::Cache "$APT_DIR/cache";
Dir::Cache::archives "$APT_DIR/cache/archives";
Dir::Etc::sourcelist "$APT_DIR/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Log "$APT_DIR";
Acquire::Languages "none";
Acquire::PDiffs "false";
Acquire::Check-Valid-Until "false";
Acquire::Retries "3";
APT::Sandbox::User "";
APT::Get::Assume-Yes "true";
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Update::Error-Mode "any";
Debug::NoLocking "true";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Post-Invoke;
CONF
}

debian_apt() {
    apt-get -c "$APT_DIR/apt.conf" "$@"
}

# The newest version of a package in the archive, without the Debian revision and epoch.
debian_candidate() {
    apt-cache -c "$APT_DIR/apt.conf" madison "$1" 2>/dev/null |
        awk -F'|' 'NR == 1 { gsub(/ /, "", $2); sub(/^[0-9]+:/, "", $2); print $2 }'
}

# debian_unpack FOLDER PACKAGE…: the packages and all they need, unpacked into FOLDER.
# FOLDER appears whole or not at all.
debian_unpack() {
    local folder=$1 package count=0 total
    shift
    rm -rf -- "$folder.new" "$APT_DIR/cache/archives"
    mkdir -p -- "$folder.new" "$APT_DIR/cache/archives/partial"
    debian_apt install --download-only "$@" || return
    total=$(find "$APT_DIR/cache/archives" -name '*.deb' | wc -l)
    for package in "$APT_DIR"/cache/archives/*.deb; do
        count=$((count + 1))
        printf 'unpacking %d of %d: %s\n' "$count" "$total" "$(basename -- "$package")"
        dpkg-deb --extract "$package" "$folder.new" || return
    done
    rm -rf -- "$APT_DIR/cache/archives" "$folder"
    mv -- "$folder.new" "$folder"
}

# The loader of an unpacked tree, whatever its architecture; the libraries lie beside it.
debian_loader() {
    local loader
    for loader in "$1"/usr/lib/*/ld-linux*.so.* "$1"/usr/lib/*/ld64.so.*; do
        [ ! -e "$loader" ] || { printf '%s\n' "$loader"; return; }
    done
    echo "no loader in the unpacked tree" >&2
    return 1
}

# debian_tree NAME TITLE WORD…: var/NAME with the program NAME in it, made by the function
# NAME_fetch unless a whole one is there. The WORDs are what else the tree depends on.
debian_tree() {
    local name=$1 title=$2 key log=$LOG_DIR/setup-$1.log
    shift 2
    key=$(fingerprint "$(declare -f "${name}_fetch")" "$@")
    if stamp_holds "$name-tree" "$key" && [ -x "$VAR/$name/$name" ]; then return; fi
    debian_configure
    step "$title" "$log" "${name}_fetch" ||
        fail "${name^} could not be fetched: $(fault_in "$log")" \
            "read $log, check the way to the Debian archive, then run scripts/setup again"
    stamp_set "$name-tree" "$key"
}
