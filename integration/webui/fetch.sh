#!/bin/bash
# fetch.sh DIR: unpacks Debian's headless Chromium and the libraries it needs below DIR/root.
# Nothing is installed: apt works on a state of its own, which knows of no installed package, so
# that what comes does not depend on the machine. Only the C library is the machine's own, whose
# release is taken for that.
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
# Debian's own source and nothing else that the machine may have configured
uri=$(apt-get indextargets --no-release-info --format '$(REPO_URI)' | grep -v security | grep -m 1 '/debian' || true)
[ -n "$uri" ] || { echo "no Debian mirror among the configured package sources" >&2; exit 3; }
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite main" > "$dir/apt/etc/sources.list"
opts+=(-o "Dir::Etc::sourcelist=$dir/apt/etc/sources.list" -o Dir::Etc::sourceparts=- -o Dir::Etc::preferencesparts=-)
apt-get "${opts[@]}" update
apt-get "${opts[@]}" -y -d install chromium-headless-shell fonts-dejavu-core
for deb in "$dir"/apt/cache/archives/*.deb; do
  case $(basename "$deb") in
    libc6_*|libc-bin_*) continue ;;                         # the machine's own
    libgl1-mesa-dri_*|libllvm*|libz3-*) continue ;;         # drivers of graphics cards: a third of it all
    perl*|libperl*|dpkg_*|debconf_*|x11-*|xdg-utils_*) continue ;; # programs
  esac
  dpkg -x "$deb" "$dir/root"
done
rm -rf "$dir/apt"
