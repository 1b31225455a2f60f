#!/bin/bash
# fetch.sh DIR: unpacks Debian's promtool below DIR/root. Nothing is installed: apt works on a
# state of its own. promtool needs the C library alone, so the machine's own release is taken.
set -euo pipefail
dir=$(realpath -m "$1")
for tool in apt-get dpkg; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: this is not Debian or one of its kin" >&2; exit 3; }
done
mkdir -p "$dir"/apt/{etc,state/lists/partial,cache/archives/partial} "$dir/root"
: > "$dir/apt/state/status"
opts=(-q -o "Dir::State=$dir/apt/state" -o "Dir::State::status=$dir/apt/state/status" -o "Dir::Cache=$dir/apt/cache"
      -o APT::Install-Recommends=false -o Acquire::Languages=none -o Acquire::Check-Valid-Until=false
      -o Acquire::Retries=3 -o APT::Sandbox::User=root)
uri=$(apt-get indextargets --no-release-info --format '$(REPO_URI)' | grep -v security | grep -m 1 '/debian' || true)
[ -n "$uri" ] || { echo "no Debian mirror among the configured package sources" >&2; exit 3; }
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite main" > "$dir/apt/etc/sources.list"
opts+=(-o "Dir::Etc::sourcelist=$dir/apt/etc/sources.list" -o Dir::Etc::sourceparts=- -o Dir::Etc::preferencesparts=-)
apt-get "${opts[@]}" update
(cd "$dir/apt" && apt-get "${opts[@]}" download prometheus)
mkdir "$dir/apt/all"
dpkg -x "$dir"/apt/prometheus_*.deb "$dir/apt/all"
mkdir -p "$dir/root/usr/bin"
mv "$dir/apt/all/usr/bin/promtool" "$dir/root/usr/bin/" # the server itself, 100 MB more, is not needed
rm -rf "$dir/apt"
