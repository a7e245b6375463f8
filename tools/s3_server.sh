#!/bin/sh
# An S3-compatible server (moto) for the tests of the object store: installed once under target/, then started in the
# foreground on a port of this machine. It keeps everything in memory and ends with the process.
#
# usage: tools/s3_server.sh PORT
set -eu
cd "$(dirname "$0")/.."
VERSION=5.2.5
home=target/s3-server-$VERSION
if [ ! -d "$home" ]; then
    # A half-made one must not be taken for whole: it gets its name last.
    making="$home.$$"
    python3 -m venv "$making"
    "$making/bin/python3" -m pip install --quiet --disable-pip-version-check "moto[server]==$VERSION" >&2
    if [ -d "$home" ]; then rm -rf "$making"; else mv "$making" "$home"; fi
fi
exec "$home/bin/python3" -m moto.server -H 127.0.0.1 -p "$1"
