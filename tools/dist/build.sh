#!/bin/bash
# build.sh DIR: makes what a release holds, in DIR. `make dist` calls it. The same commit and Go give the same bytes.
#
#   VERSION   the release (default: the tag of the commit, else v0.0.0-dev.NUMBER+gCOMMIT)
#   TARGETS   systems and processors (default: linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64)
#   FORMATS   of linux/*: tar.gz deb rpm (default: all three)
#
# linux/* have the three programs; the others the command line alone, since workers run on Linux.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$(mkdir -p "$1" && cd "$1" && pwd)
go=${GO:-go}
commit=$(git rev-parse HEAD)
default=$(git describe --tags --exact-match --match 'v*' 2> /dev/null ||
  echo "v0.0.0-dev.$(git rev-list --count HEAD)+g${commit:0:12}")
version=${VERSION:-$default}
export SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
date=$(date --utc --date "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
targets=${TARGETS:-linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64}
formats=${FORMATS:-tar.gz deb rpm}
# A file's mode must not depend on the umask of the person who builds.
umask 022
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

pkg=github.com/tablehaul/tablehaul/internal/buildinfo
ldflags="-s -w -X $pkg.version=$version -X $pkg.commit=$commit -X $pkg.date=$date"

tool() { "$go" tool -modfile=tools/dist/go.mod "$@"; }

# compile OS ARCH NAME: a static program in $tmp/OS-ARCH/bin, without the paths of this machine.
compile() {
  local module=. package=./starter file=$tmp/$1-$2/bin/$3
  case $3 in
    tablehaul-worker) package=./worker ;;
    tablehaul-standalone) module=worker/standalone package=. ;;
  esac
  if [ "$1" = windows ]; then file=$file.exe; fi
  [ -e "$file" ] || (cd "$module" && CGO_ENABLED=0 GOOS=$1 GOARCH=$2 \
    "$go" build -trimpath -buildvcs=false -ldflags "$ldflags" -o "$file" "$package")
}

# documents DIR: completion, manual pages and an example of a configuration, laid out as below /usr/share. They are
# written by programs of this machine.
documents() {
  local os arch name
  os=$("$go" env GOHOSTOS) arch=$("$go" env GOHOSTARCH)
  mkdir -p "$1"/{man/man1,bash-completion/completions,zsh/site-functions,fish/vendor_completions.d,doc/tablehaul}
  for name in tablehaul tablehaul-worker tablehaul-standalone; do
    compile "$os" "$arch" "$name"
    "$tmp/$os-$arch/bin/$name" man "$1/man/man1"
    "$tmp/$os-$arch/bin/$name" completion bash > "$1/bash-completion/completions/$name"
    "$tmp/$os-$arch/bin/$name" completion zsh > "$1/zsh/site-functions/_$name"
    "$tmp/$os-$arch/bin/$name" completion fish > "$1/fish/vendor_completions.d/$name.fish"
  done
  rm -f "$1"/man/man1/*-completion*.1
  gzip -9 -n "$1"/man/man1/*.1
  cp README.md CHANGELOG.md LICENSE "$1/doc/tablehaul/"
  cp tools/dist/etc/tablehaul.yaml "$1/doc/tablehaul/tablehaul.example.yaml"
}

# archive FILE DIR NAME: DIR/NAME as a .tar.gz that says nothing of who made it, and when.
archive() {
  tar --create --directory "$2" --sort=name --owner=0 --group=0 --numeric-owner --format=gnu \
    --mtime="@$SOURCE_DATE_EPOCH" "$3" | gzip -9 -n > "$1"
}

# sbom PROGRAM FILE: the modules of a program with their hashes, as CycloneDX, from the program itself.
sbom() {
  tool cyclonedx-gomod bin -json -noserial -notimestamp -version "$version" -output "$2" "$1"
}

# target OS ARCH: the files of one system and processor.
target() {
  local os=$1 arch=$2 name tree program
  name=tablehaul_${version#v}_${os}_${arch}
  tree=$tmp/$os-$arch
  mkdir -p "$tmp/pack/$name"
  compile "$os" "$arch" tablehaul
  if [ "$os" = linux ]; then
    compile "$os" "$arch" tablehaul-worker
    compile "$os" "$arch" tablehaul-standalone
  fi
  for program in "$tree"/bin/*; do
    sbom "$program" "$out/$(basename "$program" .exe)_${version#v}_${os}_${arch}.cdx.json"
  done
  if [ "$os" != linux ]; then
    cp "$tree"/bin/* README.md CHANGELOG.md LICENSE "$tmp/pack/$name/"
    archive "$out/$name.tar.gz" "$tmp/pack" "$name"
    return
  fi
  cp -a "$tmp/share" "$tree/share"
  if [[ " $formats " = *' tar.gz '* ]]; then
    cp -a "$tree/." "$tmp/pack/$name/"
    mkdir -p "$tmp/pack/$name/systemd"
    cp tools/dist/systemd/*.service "$tmp/pack/$name/systemd/"
    archive "$out/$name.tar.gz" "$tmp/pack" "$name"
  fi
  for format in deb rpm; do
    if [[ " $formats " = *" $format "* ]]; then
      ARCH=$arch VERSION=$version TREE=$tree tool nfpm package --config tools/dist/nfpm.yaml \
        --packager "$format" --target "$out/" >&2
    fi
  done
}

documents "$tmp/share"
rm -f "$out"/tablehaul* "$out/SHA256SUMS"
for t in $targets; do
  echo "dist: $t" >&2
  target "${t%/*}" "${t#*/}"
  rm -rf "${tmp:?}/pack" "$tmp/${t%/*}-${t#*/}"
done
(cd "$out" && LC_ALL=C sha256sum -- tablehaul* > SHA256SUMS)
cat "$out/SHA256SUMS"
