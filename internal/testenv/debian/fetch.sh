#!/bin/bash
# fetch.sh [--with-dependencies] [--leave PATTERN]... SUITE DIR PACKAGE...: unpacks those packages of Debian's
# SUITE (empty: the machine's own release) below DIR/root, but for packages whose file names match a PATTERN.
# Nothing is installed: apt works on a state of its own that knows of no installed package, so
# with dependencies the C library comes along, too, and the host's version does not matter.
# Exit code 3: this is not Debian or one of its kin.
set -euo pipefail
deep= leave=()
while :; do
  case $1 in
    --with-dependencies) deep=1; shift ;;
    --leave) leave+=("$2"); shift 2 ;;
    *) break ;;
  esac
done
suite=${1:-$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")}
dir=$(realpath -m "$2")
shift 2
for tool in apt-get dpkg; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: this is not Debian or one of its kin" >&2; exit 3; }
done
mkdir -p "$dir"/apt/{etc,state/lists/partial,cache/archives/partial,debs/partial} "$dir/root"
: > "$dir/apt/state/status"
# Debian's own source and nothing else that the machine may have configured
uri=$(apt-get indextargets --no-release-info --format '$(REPO_URI)' | grep -v security | grep -m 1 '/debian' || true)
[ -n "$uri" ] || { echo "no Debian mirror among the configured package sources" >&2; exit 3; }
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite main" > "$dir/apt/etc/sources.list"
opts=(-q -o "Dir::State=$dir/apt/state" -o "Dir::State::status=$dir/apt/state/status" -o "Dir::Cache=$dir/apt/cache"
      -o "Dir::Etc::sourcelist=$dir/apt/etc/sources.list" -o Dir::Etc::sourceparts=- -o Dir::Etc::preferencesparts=-
      -o Acquire::Languages=none -o Acquire::Check-Valid-Until=false -o Acquire::Retries=3 -o APT::Sandbox::User=root
      -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false)
apt-get "${opts[@]}" update
if [ -n "$deep" ]; then
  apt-get "${opts[@]}" -y -d -o APT::Install-Recommends=false -o "Dir::Cache::archives=$dir/apt/debs" install "$@"
else
  (cd "$dir/apt/debs" && apt-get "${opts[@]}" download "$@")
fi
for deb in "$dir"/apt/debs/*.deb; do
  for pattern in "${leave[@]}"; do
    # shellcheck disable=SC2053 # it is a pattern
    [[ ${deb##*/} != $pattern ]] || continue 2
  done
  dpkg -x "$deb" "$dir/root"
done
rm -rf "$dir/apt"
