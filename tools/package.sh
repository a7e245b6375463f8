#!/usr/bin/env bash
# Makes the Debian package, installs it on a clean Debian root, and starts it there. `./dev package [--no-try]`
set -euo pipefail
CLI_VERSION=2.12.5
out=$PWD/target/package
arch=$(dpkg --print-architecture)
say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
stop() { printf 'package: %s\n' "$*" >&2; exit 1; }

# Tauri's own bundler; kept out of ui/package.json, because its packages for other platforms are not in every registry.
bundler() {
  local folder=$PWD/target/tauri-cli
  if [ ! -x "$folder/node_modules/.bin/tauri" ]; then
    say "the bundler"
    mkdir -p "$folder"
    (cd "$folder" && npm install --no-save --no-package-lock --no-audit --no-fund --loglevel=error "@tauri-apps/cli@$CLI_VERSION" >&2)
  fi
  echo "$folder/node_modules/.bin/tauri"
}

make_package() {
  local tauri version
  tauri=$(bundler)
  version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
  say "building the programs (optimised)"
  cargo build --release --locked --quiet -p wellread-cli
  # The names that the bundle's configuration takes them by.
  mkdir -p target/bundle
  # Without the line numbers of a debugger, which are nine tenths of it; names stay, for what a crash tells.
  strip --strip-debug -o target/bundle/wellread target/release/wellread
  cp -L .onnxruntime/libonnxruntime.so.1.31.1 target/bundle/
  rm -rf target/bundle/models
  mkdir -p target/bundle/models
  cp models/manifest.toml models/*.onnx models/*.md target/bundle/models/
  "$tauri" build --no-bundle --config src-tauri/bundle.deb.json -- --locked
  strip --strip-debug target/release/wellread-desktop
  say "bundling"
  "$tauri" bundle --bundles deb --config src-tauri/bundle.deb.json
  mkdir -p "$out"
  package=$out/wellread_${version}_$arch.deb
  cp target/release/bundle/deb/*.deb "$package"
  say "made $package ($(du -h "$package" | cut -f1))"
}

in_root() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }

# Ends what runs for the root, and takes away what is mounted into it.
leave_root() {
  [ -z "${xvfb:-}" ] || kill "$xvfb" 2>/dev/null || true
  local at
  for at in dev tmp/.X11-unix proc; do
    ! mountpoint -q "$root/$at" || umount -l "$root/$at"
  done
}

# A root with nothing but Debian, the package and what the package asks for.
install_on_clean_root() {
  [ "$(id -u)" -eq 0 ] || stop "a clean root can be made by root alone: run it as root, or with --no-try"
  command -v debootstrap >/dev/null || apt-get install -y -qq --no-install-recommends debootstrap >/dev/null
  root=$out/root
  leave_root
  rm -rf --one-file-system "$root"
  local suite mirror
  suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mirror=$(sed -nE 's/^(deb|URIs:) *(\[[^]]*\] )?(https?:[^ ]+).*/\3/p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -n 1 || true)
  say "a clean root of Debian $suite"
  debootstrap --variant=minbase "$suite" "$root" "${mirror:-http://deb.debian.org/debian}" >"$out/debootstrap.log" 2>&1 ||
    stop "debootstrap failed: $out/debootstrap.log"
  cp /etc/resolv.conf "$root/etc/" 2>/dev/null || true
  rm -f "$root/etc/apt/sources.list"
  cp -r /etc/apt/sources.list* /etc/apt/apt.conf.d "$root/etc/apt/" 2>/dev/null || true
  mkdir -p "$root/etc/ssl/certs" && cp -rL /etc/ssl/certs/. "$root/etc/ssl/certs/" 2>/dev/null || true
  cp "$package" "$root/tmp/"
  trap leave_root EXIT
  # A program finds what lies beside it by /proc.
  mount -t proc proc "$root/proc"
  say "installing it there, with what it depends on"
  in_root apt-get update -qq
  in_root apt-get install -y -qq --no-install-recommends "/tmp/$(basename "$package")" >"$out/install.log" 2>&1 ||
    stop "it does not install: $out/install.log"
}

# Reads a plate with the installed command line: its models and ONNX Runtime are those of the package.
read_a_plate() {
  say "reading a plate there"
  mkdir -p "$root/tmp/camera"
  in_root wellread simulate --plates 1 --assay hi --seed 7 --out /tmp/camera >/dev/null
  in_root sh -c 'wellread read /tmp/camera/*.jpg --assay hi --json' >"$out/read.json"
  grep -q '"status":"read"\|"wells"' "$out/read.json" || stop "the installed program reads nothing: $out/read.json"
}

# Starts the installed window on a display of ours and keeps what it shows.
start_window() {
  say "starting the window there"
  local display=:97 window
  command -v import >/dev/null || apt-get install -y -qq --no-install-recommends imagemagick >/dev/null
  mkdir -p "$root/tmp/.X11-unix"
  Xvfb "$display" -screen 0 1280x800x24 -nolisten tcp >/dev/null 2>&1 &
  xvfb=$!
  sleep 1
  mount --bind /tmp/.X11-unix "$root/tmp/.X11-unix"
  mount --bind /dev "$root/dev"
  in_root env DISPLAY="$display" WELLREAD_DATA=/tmp/station timeout 40 wellread-desktop >"$out/window.log" 2>&1 &
  window=$!
  for _ in $(seq 60); do
    sleep 0.5
    DISPLAY=$display import -window root "$out/window.png" 2>/dev/null || continue
    # The desktop alone is one colour.
    [ "$(identify -format '%k' "$out/window.png")" -lt 50 ] || break
  done
  [ "$(identify -format '%k' "$out/window.png")" -ge 50 ] || stop "no window came up: $out/window.log"
  kill -0 "$window" 2>/dev/null || stop "the window ended by itself: $out/window.log"
  kill "$window" 2>/dev/null || true
  wait "$window" 2>/dev/null || true
  say "it starts: $out/window.png"
}

make_package
if [ "${1:-}" != --no-try ]; then
  install_on_clean_root
  read_a_plate
  start_window
fi
