# Finds or fetches the headless Chromium that tests show pages in. Sourced by scripts/setup;
# leaves var/chromium.json, which says where it is.

CHROMIUM_OLDEST=141 # what the oldest Playwright that setup.cfg allows is made for
CHROMIUM_DIR=$VAR/chromium
CHROMIUM_FACTS=$VAR/chromium.json
CHROMIUM_PACKAGES=(libc6 fonts-dejavu-core patchelf chromium-headless-shell)
CHROMIUM_START_S=30

# The version that a browser says it has ("156.0.8078.73"), empty if it does not run.
chromium_version() {
    { timeout "$CHROMIUM_START_S" "$1" --version 2>/dev/null || true; } |
        sed -n 's/^\(Chromium\|Google Chrome[a-zA-Z ]*\) \([0-9][0-9.]*\).*/\2/p' | head -n 1
}

# True when the browser shows a page and runs its script. Its sandbox is not tried here.
chromium_shows() {
    local profile shown
    profile=$(mktemp -d)
    shown=$(timeout "$CHROMIUM_START_S" "$1" --headless --no-sandbox --disable-gpu \
        --user-data-dir="$profile" --dump-dom 'data:text/html,<p id=p><script>p.textContent=6*7</script>') || true
    rm -rf -- "$profile"
    [[ $shown = *'>42<'* ]]
}

# The browser that the machine already has: the setting, else one on PATH. Prints nothing
# if there is none that can be used; a setting that cannot be used fails.
chromium_of_machine() {
    local name found version mend="name a Chromium or Chrome $CHROMIUM_OLDEST or newer, or unset it to have one fetched"
    if [ -n "${GROSCHEN_CHROMIUM:-}" ]; then
        version=$(chromium_version "$GROSCHEN_CHROMIUM")
        [ -n "$version" ] || fail "GROSCHEN_CHROMIUM=$GROSCHEN_CHROMIUM is no Chromium that runs." "$mend"
        version_at_least "$version" "$CHROMIUM_OLDEST" ||
            fail "GROSCHEN_CHROMIUM is version $version; $CHROMIUM_OLDEST or newer is needed." "$mend"
        printf '%s\n' "$GROSCHEN_CHROMIUM"
        return
    fi
    for name in chromium-headless-shell chromium google-chrome; do
        found=$(command -v "$name" || true)
        [ -n "$found" ] || continue
        version=$(chromium_version "$found")
        if [ -n "$version" ] && version_at_least "$version" "$CHROMIUM_OLDEST"; then
            printf '%s\n' "$found"
            return
        fi
    done
}

# Fetches and unpacks; the tree gets a program "chromium" with its own libraries and fonts.
# Chromium starts itself again by the name of the running program, which the tree's loader
# must not be: so the binary names that loader itself.
chromium_fetch() {
    local loader libraries
    debian_apt update || return
    debian_unpack "$CHROMIUM_DIR" "${CHROMIUM_PACKAGES[@]}" || return
    loader=$(debian_loader "$CHROMIUM_DIR") || return
    libraries=$(dirname -- "$loader")
    "$loader" --library-path "$libraries" "$CHROMIUM_DIR/usr/bin/patchelf" \
        --set-interpreter "$loader" "$CHROMIUM_DIR/usr/lib/chromium/chromium-headless-shell" || return
    cat >"$CHROMIUM_DIR/fonts.conf" <<FONTS
<?xml version="1.0"?>
<fontconfig>
  <dir>$CHROMIUM_DIR/usr/share/fonts</dir>
  <include ignore_missing="yes">$CHROMIUM_DIR/usr/share/fontconfig/conf.avail/60-latin.conf</include>
  <cachedir>$CHROMIUM_DIR/var/cache/fontconfig</cachedir>
</fontconfig>
FONTS
    cat >"$CHROMIUM_DIR/chromium" <<PROGRAM
#!/bin/sh
# Runs this tree's Chromium with the tree's own libraries and fonts.
export LD_LIBRARY_PATH="$libraries:$libraries/pulseaudio"
export FONTCONFIG_FILE="$CHROMIUM_DIR/fonts.conf"
exec "$CHROMIUM_DIR/usr/lib/chromium/chromium-headless-shell" "\$@"
PROGRAM
    chmod 755 "$CHROMIUM_DIR/chromium"
    chromium_shows "$CHROMIUM_DIR/chromium" || { echo "E: the unpacked Chromium shows no page"; return 1; }
}

# chromium_bring OWN: the machine's own if it shows a page, else a fetched tree.
chromium_bring() {
    local chosen=$1
    if [ -n "$chosen" ] && chromium_shows "$chosen" 2>/dev/null; then
        say "Chromium: the machine's own $chosen"
    else
        [ -z "${GROSCHEN_CHROMIUM:-}" ] || fail "GROSCHEN_CHROMIUM=$chosen shows no page." \
            "try '$chosen --headless --dump-dom about:blank', or unset it to have one fetched"
        [ -z "$chosen" ] || say "$chosen shows no page, so a private one is fetched."
        debian_tree chromium "Chromium for tests (180 MB)" "$CHROMIUM_DIR" "${CHROMIUM_PACKAGES[@]}"
        chosen=$CHROMIUM_DIR/chromium
    fi
    write_whole "$CHROMIUM_FACTS" "$(printf '{"executable": "%s", "version": "%s"}' \
        "$chosen" "$(chromium_version "$chosen")")"
}

setup_chromium() {
    local own key
    own=$(chromium_of_machine)
    key=$(fingerprint "$CHROMIUM_DIR" "own:$own ${own:+$(chromium_version "$own")}")
    bring_once chromium "$key" "$CHROMIUM_FACTS" chromium_bring "$own"
}
