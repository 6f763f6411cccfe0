# Asterisk 22 from Debian, refused where it is older than 22.10.1 (known holes in ARI and
# SIP). Debian carries it in sid alone, so the base moves: pin it by digest once it is tried.
FROM debian:sid-slim

ARG ASTERISK_OLDEST=22.10.1
RUN apt-get update \
    && apt-get install --yes --no-install-recommends asterisk asterisk-modules \
    && version=$(dpkg-query --show --showformat '${Version}' asterisk | sed 's/^[0-9]*://; s/[^0-9.].*//') \
    && dpkg --compare-versions "$version" ge "$ASTERISK_OLDEST" \
    && rm -rf /var/lib/apt/lists/*

# The same number as the engine's user: both write into the folder they share.
RUN usermod --uid 10001 asterisk && groupmod --gid 10001 asterisk \
    && install -d -o asterisk -g asterisk /var/lib/groschen /var/lib/groschen/asterisk /var/lib/groschen/sounds

# What is brought to be played, where the engine names it.
COPY sounds /opt/groschen/sounds

USER 10001:10001
ENV CONFIG=/var/lib/groschen/asterisk/etc/asterisk.conf
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD asterisk -C "$CONFIG" -rx 'core waitfullybooted' | grep -q 'fully booted'
# The folder is written by the engine's "dialplan render"; exec, so that signals arrive.
CMD ["sh", "-c", "exec asterisk -f -n -C \"$CONFIG\""]
