#!/bin/bash
# env.sh REQUIREMENTS: prints the path of a Python that has the packages of a requirements file, and installs them into
# a private environment below the user's cache the first time. Safe to run several times at once.
set -euo pipefail
requirements=$(realpath "$1")
fetch=$(cd "$(dirname "$0")/../.." && pwd)/internal/testenv/debian/fetch.sh
cache=${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/tablehaul

for tool in python3 flock cksum; do
  command -v "$tool" >/dev/null || {
    echo "$tool is missing (Debian: apt-get install python3 util-linux)" >&2
    exit 1
  }
done

# A new Python or a new list of versions gets an environment of its own.
name=$(basename "$requirements" .txt)
id=$({ python3 --version; cat "$requirements"; } | cksum | cut -d' ' -f1)
env=$cache/python-$name-$id
mkdir -p "$cache"
exec 9>"$cache/python-$name.lock"
flock 9
if [ ! -e "$env/complete" ]; then
  rm -rf "$env"
  {
    # Debian's python3 comes without ensurepip, which the package python3-venv has. Its wheel of pip needs no root.
    if [ -z "${TABLEHAUL_TEST_NO_ENSUREPIP-}" ] && python3 -c 'import ensurepip' 2>/dev/null; then
      python3 -m venv "$env"
    else
      python3 -m venv --without-pip "$env"
      bash "$fetch" "" "$env/debian" python3-pip-whl
      wheel=$(echo "$env"/debian/root/usr/share/python-wheels/pip-*.whl)
      "$env/bin/python" "$wheel/pip" install --quiet --disable-pip-version-check --no-index "$wheel"
      rm -rf "$env/debian"
    fi
    "$env/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --only-binary :all: \
      -r "$requirements"
  } >&2
  touch "$env/complete"
fi
echo "$env/bin/python"
