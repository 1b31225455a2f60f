#!/bin/sh
# Prints the path of a Python that has the readers of requirements.txt, and installs them into
# a private environment below the user's cache the first time (about 260 MB). Safe to run
# several times at once.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/tablehaul

for tool in python3 flock cksum; do
	command -v "$tool" >/dev/null || {
		echo "$tool is missing, it installs the Parquet readers that check our files (Debian: apt-get install python3 python3-venv util-linux)" >&2
		exit 1
	}
done

# A new Python or a new list of versions gets an environment of its own.
id=$({ python3 --version; cat "$here/requirements.txt"; } | cksum | cut -d' ' -f1)
env=$cache/parquet-readers-$id
mkdir -p "$cache"
exec 9>"$cache/parquet-readers.lock"
flock 9
if [ ! -e "$env/complete" ]; then
	rm -rf "$env"
	python3 -m venv "$env" >&2 || {
		echo "python3 -m venv failed, it needs python3-venv (Debian: apt-get install python3-venv)" >&2
		exit 1
	}
	"$env/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: -r "$here/requirements.txt" >&2
	touch "$env/complete"
fi
echo "$env/bin/python"
