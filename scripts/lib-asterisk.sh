# Finds or fetches the Asterisk that demo, tests and scripts/run start. Sourced by
# scripts/setup; leaves var/asterisk.json, which says where it is.

ASTERISK_OLDEST=22.10.1
ASTERISK_DIR=$VAR/asterisk
ASTERISK_FACTS=$VAR/asterisk.json
ASTERISK_PACKAGES=(libc6 asterisk-modules asterisk)

# The version that an Asterisk binary says it has ("22.10.1"), empty if it does not run.
asterisk_version() {
    { "$1" -V 2>/dev/null || true; } | sed -n 's/^Asterisk \(certified\/\)\{0,1\}\([0-9][0-9.]*\).*/\2/p' | head -n 1
}

# The Asterisk that the machine already has: the setting, else the one on PATH.
# Prints nothing if there is none that can be used; a setting that cannot be used fails.
asterisk_of_machine() {
    local found version
    if [ -n "${GROSCHEN_ASTERISK:-}" ]; then
        version=$(asterisk_version "$GROSCHEN_ASTERISK")
        [ -n "$version" ] || fail "GROSCHEN_ASTERISK=$GROSCHEN_ASTERISK is no Asterisk that runs." \
            "name an Asterisk $ASTERISK_OLDEST or newer, or unset it to have one fetched"
        version_at_least "$version" "$ASTERISK_OLDEST" || fail \
            "GROSCHEN_ASTERISK is version $version; older than $ASTERISK_OLDEST has known holes in ARI and SIP." \
            "name an Asterisk $ASTERISK_OLDEST or newer, or unset it to have one fetched"
        [ -n "$(asterisk_setting "$GROSCHEN_ASTERISK" astmoddir)" ] ||
            fail "the modules of GROSCHEN_ASTERISK=$GROSCHEN_ASTERISK were not found." \
                "set astmoddir in /etc/asterisk/asterisk.conf to the folder that holds res_pjsip.so"
        printf '%s\n' "$GROSCHEN_ASTERISK"
        return
    fi
    found=$(PATH=$PATH:/usr/sbin:/usr/local/sbin command -v asterisk || true)
    [ -n "$found" ] || return 0
    version=$(asterisk_version "$found")
    if [ -n "$version" ] && version_at_least "$version" "$ASTERISK_OLDEST" &&
        [ -n "$(asterisk_setting "$found" astmoddir)" ]; then
        printf '%s\n' "$found"
    else
        say "$found is version ${version:-unknown}; $ASTERISK_OLDEST or newer is needed (older ones have" \
            "known holes in ARI and SIP), so a private one is fetched."
    fi
}

# A folder of an Asterisk that is there: beside it in a tree that was unpacked elsewhere,
# where asterisk.conf says, or in its usual place. Takes the program and the setting's name.
asterisk_setting() {
    local tree prefix said candidate
    tree=$(dirname -- "$1")
    prefix=$(dirname -- "$tree")
    said=$(sed -n "s/^[[:space:]]*$2[[:space:]]*=>\{0,1\}[[:space:]]*\([^;[:space:]]*\).*/\1/p" \
        "$prefix/etc/asterisk/asterisk.conf" /etc/asterisk/asterisk.conf 2>/dev/null | head -n 1) || true
    case $2 in
        astmoddir) set -- "$tree"/usr/lib/*/asterisk/modules "$said" "$prefix"/lib*/*/asterisk/modules "$prefix"/lib*/asterisk/modules ;;
        *) set -- "$tree/usr/share/asterisk" "$said" "$prefix/share/asterisk" /var/lib/asterisk ;;
    esac
    for candidate in "$@"; do
        [ ! -d "$candidate" ] || { printf '%s\n' "$candidate"; return; }
    done
}

# Fetches and unpacks; the tree gets a program "asterisk" that runs the binary with the
# tree's own C library, and the English prompts under the name that Asterisk looks for.
asterisk_fetch() {
    local version loader libraries
    debian_apt update || return
    version=$(debian_candidate asterisk)
    version=${version%%[!0-9.]*}
    if [ -z "$version" ] || ! version_at_least "$version" "$ASTERISK_OLDEST"; then
        echo "the archive's asterisk is ${version:-missing}; $ASTERISK_OLDEST or newer is needed"
        return 1
    fi
    debian_unpack "$ASTERISK_DIR" "${ASTERISK_PACKAGES[@]}" || return
    loader=$(debian_loader "$ASTERISK_DIR") || return
    libraries=$(basename -- "$(dirname -- "$loader")")
    [ ! -d "$ASTERISK_DIR/usr/share/asterisk/sounds/en_US_f_Allison" ] ||
        ln -sfn en_US_f_Allison "$ASTERISK_DIR/usr/share/asterisk/sounds/en"
    cat >"$ASTERISK_DIR/asterisk" <<PROGRAM
#!/bin/sh
# Runs this tree's Asterisk by the tree's own loader and libraries.
tree=\$(dirname -- "\$(readlink -f -- "\$0")")
lib=\$tree/usr/lib/$libraries
exec "\$lib/$(basename -- "$loader")" --library-path "\$lib" "\$tree/usr/sbin/asterisk" "\$@"
PROGRAM
    chmod 755 "$ASTERISK_DIR/asterisk"
    [ -n "$(asterisk_version "$ASTERISK_DIR/asterisk")" ] || { "$ASTERISK_DIR/asterisk" -V; return 1; }
}

# asterisk_write_facts EXECUTABLE MODULE_DIR DATA_DIR
asterisk_write_facts() {
    write_whole "$ASTERISK_FACTS" "$(printf \
        '{"executable": "%s", "version": "%s", "module_dir": "%s", "data_dir": "%s"}' \
        "$1" "$(asterisk_version "$1")" "$2" "$3")"
}

# asterisk_bring OWN: the machine's own if there is one, else a fetched tree.
asterisk_bring() {
    local own=$1 libraries
    if [ -n "$own" ]; then
        say "Asterisk: the machine's own $own"
        asterisk_write_facts "$own" "$(asterisk_setting "$own" astmoddir)" "$(asterisk_setting "$own" astdatadir)"
    else
        debian_tree asterisk "Asterisk $ASTERISK_OLDEST or newer (80 MB)" "${ASTERISK_PACKAGES[@]}"
        libraries=$(dirname -- "$(debian_loader "$ASTERISK_DIR")")
        asterisk_write_facts "$ASTERISK_DIR/asterisk" "$libraries/asterisk/modules" "$ASTERISK_DIR/usr/share/asterisk"
    fi
}

setup_asterisk() {
    local own key
    own=$(asterisk_of_machine)
    key=$(fingerprint "$ASTERISK_DIR" "own:$own ${own:+$(asterisk_version "$own")}")
    bring_once asterisk "$key" "$ASTERISK_FACTS" asterisk_bring "$own"
}
