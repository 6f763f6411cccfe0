# Brings a voice that speaks German and English, so that a changed price can be said. Sourced by
# scripts/setup and scripts/sounds; leaves it in var/voices.

VOICE_DIR=$VAR/voices
VOICE_LOG=$LOG_DIR/setup-voice.log
VOICE_PACKAGES=(libttspico0 libttspico-data)

# True where a voice of each language is at hand, unpacked or the machine's own; see
# engine/speech/voices.py.
voice_is_there() {
    local piper=$VOICE_DIR/piper
    compgen -G "$VOICE_DIR/pico/usr/lib/*/libttspico.so.0" >/dev/null ||
        { compgen -G "$piper/de*.onnx" && compgen -G "$piper/en*.onnx"; } >/dev/null ||
        [ -x "$VOICE_DIR/espeak-ng/usr/bin/espeak-ng" ] || command -v espeak-ng >/dev/null
}

# SVOX Pico (German and English), as any user; nothing of the machine is touched. It is from the
# oldest suite, because the machine's own Python loads its library.
voice_fetch() {
    local package folder=$VOICE_DIR/pico
    DEBIAN_SUITE=bookworm DEBIAN_COMPONENTS="main non-free" APT_DIR=$VAR/apt-voice
    debian_configure
    rm -rf -- "$folder.new" "$APT_DIR/packages"
    mkdir -p -- "$folder.new" "$APT_DIR/packages"
    debian_apt update || return
    (cd -- "$APT_DIR/packages" && debian_apt download "${VOICE_PACKAGES[@]}") || return
    for package in "$APT_DIR"/packages/*.deb; do
        dpkg-deb --extract "$package" "$folder.new" || return
    done
    rm -rf -- "$folder" "$APT_DIR"
    mv -- "$folder.new" "$folder"
}

# An engine serves without a voice, but can take no price that was never said: so that is told, and
# is no reason to set up nothing. It is tried once a day, since every wrapper comes by here.
setup_voice() {
    local today
    today=$(date +%F)
    if voice_is_there || stamp_holds voice-tried "$today"; then return; fi
    lock_setup
    if voice_is_there || stamp_holds voice-tried "$today"; then return; fi
    stamp_set voice-tried "$today"
    step "The voice SVOX Pico" "$VOICE_LOG" voice_fetch && return
    say "groschen: the voice could not be fetched ($(fault_in "$VOICE_LOG")); a price that was never said is refused."
    say "    mend: read $VOICE_LOG, then run scripts/sounds --fetch-voice; or put a voice into $VOICE_DIR, see sounds/README.md"
}
