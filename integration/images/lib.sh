# shellcheck shell=bash disable=SC2034 # variables are for those who source it
# Sourced by the scripts beside it: where things are kept, and things that are made once.

# The cache folder of the tests' servers; see CacheDir in internal/testenv/servers.
if [ -n "${TABLEHAUL_TEST_CACHE:-}" ]; then
  cache=$(realpath -m "$TABLEHAUL_TEST_CACHE")
elif [ "$(id -u)" = 0 ]; then
  cache=/var/cache/tablehaul
else
  cache=${XDG_CACHE_HOME:-$HOME/.cache}/tablehaul
fi
shopt -s inherit_errexit
images=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(cd "$images/../.." && pwd)

# cached NAME COMMAND...: makes the folder NAME of the cache by COMMAND, whose last argument is the
# folder, unless it is there. Only one process makes it, the others wait; the lock is the one
# that internal/testenv/servers takes.
cached() {
  local dir=$cache/$1
  shift
  mkdir -p "$cache"
  (
    flock 9
    [ ! -d "$dir" ] || exit 0
    rm -rf "$dir.tmp"
    mkdir "$dir.tmp"
    "$@" "$dir.tmp" > "$dir.log" 2>&1 || { tail -5 "$dir.log" >&2; echo "making $dir failed" >&2; exit 1; }
    rm "$dir.log"
    mv "$dir.tmp" "$dir"
  ) 9> "$dir.lock"
}
