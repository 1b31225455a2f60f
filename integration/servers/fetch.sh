#!/bin/bash
# fetch.sh FLAVOR DIR: unpacks the server of Debian's packages, with every library it needs,
# below DIR/root. Nothing is installed: apt works on a state of its own that knows of no
# installed package, so the C library comes along too and the host's version does not matter.
set -euo pipefail
flavor=$1
dir=$(realpath -m "$2")
for tool in apt-get dpkg; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: this is not Debian or one of its kin" >&2; exit 3; }
done
mkdir -p "$dir"/apt/{etc,state/lists/partial,cache/archives/partial} "$dir/root"
: > "$dir/apt/state/status"
opts=(-q -o "Dir::State=$dir/apt/state" -o "Dir::State::status=$dir/apt/state/status" -o "Dir::Cache=$dir/apt/cache"
      -o APT::Install-Recommends=false -o Acquire::Languages=none -o Acquire::Check-Valid-Until=false
      -o Acquire::Retries=3 -o APT::Sandbox::User=root)
# Debian's own source and nothing else that the machine may have configured
uri=$(apt-get indextargets --no-release-info --format '$(REPO_URI)' | grep -v security | grep -m 1 '/debian' || true)
[ -n "$uri" ] || { echo "no Debian mirror among the configured package sources" >&2; exit 3; }
case $flavor in
  mysql) suite=sid; package=mysql-server-core ;;   # stable releases of Debian carry MariaDB only
  mariadb) suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}"); package=mariadb-server-core ;;
  *) echo "unknown flavor $flavor" >&2; exit 2 ;;
esac
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite main" > "$dir/apt/etc/sources.list"
opts+=(-o "Dir::Etc::sourcelist=$dir/apt/etc/sources.list" -o Dir::Etc::sourceparts=- -o Dir::Etc::preferencesparts=-)
apt-get "${opts[@]}" update
apt-get "${opts[@]}" -y -d install "$package"
for deb in "$dir"/apt/cache/archives/*.deb; do
  case $(basename "$deb") in perl*|libperl*|libdb5*|libgdbm*) continue ;; esac   # only the server's scripts use Perl
  dpkg -x "$deb" "$dir/root"
done
rm -rf "$dir/apt"
