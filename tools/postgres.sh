#!/usr/bin/env bash
# A PostgreSQL of one's own in a folder: for tests, `./dev hub` and `./dev demo --hub`. Never for a laboratory's data:
# whoever is on this machine may sign in as anybody.
#
# usage: postgres.sh start FOLDER [durable|fast]   makes it where it is missing, starts it, prints its superuser's URL
#        postgres.sh stop FOLDER [fast|immediate]  immediate: as when the power goes
#
# `fast` does not wait for the disk. PostgreSQL refuses to run as root; then it runs as the user wellread-pg.
set -euo pipefail

SYSTEM_USER=wellread-pg
bin=${WELLREAD_POSTGRES_BIN:-"$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/.postgres/bin"}

stop() { printf 'postgres: %s\n' "$*" >&2; exit 1; }

# Runs a program of PostgreSQL's, as somebody it accepts.
server() {
  local program=$1
  shift
  if [ "$(id -u)" -eq 0 ]; then
    (cd / && runuser -u "$SYSTEM_USER" -- "$bin/$program" "$@")
  else
    "$bin/$program" "$@"
  fi
}

make_cluster() {
  local folder=$1
  mkdir -p "$folder"
  chmod 700 "$folder"
  if [ "$(id -u)" -eq 0 ]; then
    id "$SYSTEM_USER" >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin "$SYSTEM_USER" ||
      id "$SYSTEM_USER" >/dev/null || stop "the user $SYSTEM_USER cannot be made"
    chown "$SYSTEM_USER" "$folder"
    runuser -u "$SYSTEM_USER" -- test -x "$bin/postgres" ||
      stop "the user $SYSTEM_USER cannot reach $bin: let others enter the folders on the way to it (chmod o+x)"
  fi
  server initdb -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$folder/initdb.log" 2>&1 ||
    stop "initdb failed: $(tail -n 3 "$folder/initdb.log")"
}

# A port that is free now. Somebody may take it before the server does; then the next one is tried.
free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

start() {
  local folder=$1 how=${2:-durable} try port
  local settings="-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200 -c max_locks_per_transaction=256"
  case $how in
    durable) ;;
    fast) settings+=" -c fsync=off -c synchronous_commit=off -c full_page_writes=off" ;;
    *) stop "it is durable or fast, not '$how'" ;;
  esac
  [ -x "$bin/postgres" ] || stop "there is no PostgreSQL in $bin: tools/fetch_postgres.sh .postgres"
  [ -e "$folder/data/PG_VERSION" ] || make_cluster "$folder"
  if ! server pg_ctl -D "$folder/data" status >/dev/null 2>&1; then
    for try in 1 2 3 4 5; do
      # Programs that use it know its port: it keeps it from one start to the next.
      port=$(cat "$folder/port" 2>/dev/null || free_port)
      if server pg_ctl -s -w -t 60 -D "$folder/data" -l "$folder/data/server.log" -o "$settings -p $port" start >&2; then
        printf '%s\n' "$port" >"$folder/port"
        break
      fi
      [ ! -e "$folder/port" ] && [ "$try" -lt 5 ] ||
        stop "it does not start: $(tail -n 3 "$folder/data/server.log" 2>/dev/null)"
    done
  fi
  printf 'postgres://postgres@127.0.0.1:%s\n' "$(cat "$folder/port")"
}

[ $# -ge 2 ] || stop "usage: postgres.sh start|stop FOLDER …"
mkdir -p "$2"
folder=$(cd "$2" && pwd)
case $1 in
  start) start "$folder" "${3:-durable}" ;;
  stop)
    if server pg_ctl -D "$folder/data" status >/dev/null 2>&1; then
      server pg_ctl -s -w -t 60 -m "${3:-fast}" -D "$folder/data" stop >&2
    fi
    ;;
  *) stop "usage: postgres.sh start|stop FOLDER …" ;;
esac
