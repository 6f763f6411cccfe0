#!/bin/sh
# Puts secrets where the engine's settings look: for each GROSCHEN_NAME_FILE the content of
# that file becomes GROSCHEN_NAME. Then runs the command line of Groschen.

set -eu

for variable in $(env | sed -n 's/^\(GROSCHEN_[A-Z_]*\)_FILE=.*/\1/p'); do
    eval "file=\$${variable}_FILE"
    if [ ! -r "$file" ]; then
        echo "groschen: the secret $file (${variable}_FILE) cannot be read; docker/make-secrets makes it" >&2
        exit 1
    fi
    value=$(cat -- "$file")
    export "$variable=$value"
    unset "${variable}_FILE"
done

exec groschen "$@"
