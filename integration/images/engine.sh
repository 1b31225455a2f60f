#!/bin/bash
# engine.sh start    a Docker engine that answers: the one that is there, else one of ours
# engine.sh env      prints what to put into the environment, for eval, so that docker finds it
# engine.sh stop     ends the one of ours, if it runs, and its containers
# engine.sh run COMMAND...   runs COMMAND with an engine, and ends what it had to start
#
# Ours is Debian's (as root, on Debian): unpacked into a private folder, never installed, with a
# socket and a data folder of its own, so that nothing else on the machine finds it by chance.
# Exit code 3 says that no engine can be had here.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# The first release of Debian whose docker.io the client library of testcontainers-go accepts
# (API 1.44). Its programs want a C library of 2.34 or later, so Debian 12 runs them as well, all
# but runc, which comes from the machine's own release.
suite=trixie
packages=(docker.io docker-cli docker-compose docker-buildx containerd tini)
home=$cache/docker
tree=$cache/packages-docker-$suite/root
# a socket's path is short on every system; so is this one
socket=$home/docker.sock

answers() { timeout 10 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# ours points at our own engine's programs and socket.
ours() {
  export PATH="$tree/usr/bin:$tree/usr/sbin:$PATH" DOCKER_HOST="unix://$socket" DOCKER_CONFIG="$home/config"
}

# find sets the environment for an engine that answers; ours is asked last.
find_engine() {
  if command -v docker >/dev/null && answers; then return 0; fi
  [ -S "$socket" ] || return 1
  ours
  answers
}

unavailable() { echo "no Docker engine: $*" >&2; exit 3; }

get_packages() {
  [ "$(uname -s)" = Linux ] || unavailable "none answers, and ours needs Linux"
  [ "$(id -u)" = 0 ] || unavailable "none answers, and only root can start one"
  command -v apt-get >/dev/null || unavailable "none answers, and ours comes from Debian's packages"
  local missing=()
  command -v iptables >/dev/null || missing+=(iptables)
  for lib in libseccomp.so.2:libseccomp2 libsystemd.so.0:libsystemd0; do
    [[ "$(ldconfig -p)" == *"${lib%%:*}"* ]] || missing+=("${lib##*:}")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "${missing[@]}" >&2 ||
      unavailable "${missing[*]} could not be installed"
  fi
  cached "packages-docker-$suite" fetch_engine || unavailable "Debian's packages of it could not be fetched"
}

fetch_engine() {
  local program
  bash "$project/internal/testenv/debian/fetch.sh" "$suite" "$1" "${packages[@]}" || return 1
  bash "$project/internal/testenv/debian/fetch.sh" \
    "$(. /etc/os-release && echo "${VERSION_CODENAME:-$suite}")" "$1" runc || return 1
  for program in bin/docker sbin/dockerd bin/containerd bin/containerd-shim-runc-v2 sbin/runc; do
    "$1/root/usr/$program" -v || return 1 # a library that is too old shows here
  done
}

# start_engine starts ours and waits until it answers. Its process has no parent here, so that it
# outlives this script; stop_engine knows it by the file with its number.
start_engine() {
  get_packages
  mkdir -p "$home/config/cli-plugins"
  ln -sf "$tree"/usr/libexec/docker/cli-plugins/* "$home/config/cli-plugins/"
  # what builds leave behind would grow for ever
  echo '{"builder": {"gc": {"enabled": true, "defaultKeepStorage": "2GB"}}}' > "$home/daemon.json"
  ours
  (
    flock 9
    if answers; then exit 0; fi
    rm -f "$home/dockerd.pid" "$socket"
    # neither lock is its own
    setsid dockerd --config-file "$home/daemon.json" --host "$DOCKER_HOST" --data-root "$home/data" \
      --exec-root "$home/exec" --pidfile "$home/dockerd.pid" \
      --log-level warn > "$home/dockerd.log" 2>&1 < /dev/null 8>&- 9>&- &
    pid=$!
    for _ in $(seq 120); do
      if answers; then exit 0; fi
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.5
    done
    tail -3 "$home/dockerd.log" >&2
    kill "$pid" 2>/dev/null || true
    exit 1
  ) 9> "$home/start.lock" || unavailable "ours does not start, see $home/dockerd.log"
}

# stop_engine ends ours, and with it its containers.
stop_engine() {
  local pid
  pid=$(cat "$home/dockerd.pid" 2>/dev/null) || return 0
  [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ] || return 0
  kill "$pid"
  for _ in $(seq 120); do
    [ -d "/proc/$pid" ] || return 0
    sleep 0.5
  done
  echo "the Docker engine (process $pid) does not end" >&2
  return 1
}

# run_with runs a command with an engine. Several at once share one of ours; the last one ends it,
# unless it was there before them.
run_with() {
  if command -v docker >/dev/null && answers; then
    "$@"
    return
  fi
  local code=0
  mkdir -p "$home"
  exec 8> "$home/users.lock"
  flock --shared 8
  trap : INT TERM # the command gets the signal as well; then the engine is ended
  start_engine
  "$@" 8>&- || code=$?
  # the process that can have the lock alone is the last one
  if [ ! -e "$home/keep" ] && flock --exclusive --nonblock 8; then stop_engine; fi
  return $code
}

case ${1:-} in
  start)
    if find_engine; then exit 0; fi
    mkdir -p "$home"
    touch "$home/keep" # it stays when others have used it
    start_engine
    ;;
  env)
    find_engine || unavailable "none runs"
    for v in PATH DOCKER_HOST DOCKER_CONFIG; do
      if [ -n "${!v:-}" ]; then printf 'export %s=%q\n' "$v" "${!v}"; fi
    done
    ;;
  stop)
    rm -f "$home/keep"
    stop_engine
    ;;
  run)
    shift
    run_with "$@"
    ;;
  *)
    sed -n '2,5s/^# //p' "$0" >&2
    exit 2
    ;;
esac
