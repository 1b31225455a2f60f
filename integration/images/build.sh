#!/bin/bash
# build.sh [NAME...]: builds local images without any registry, from Debian's packages and Go
# modules: golang worker mysql mariadb mariadb-11 temporal s3 debian; all of them but debian where none is named.
# Needs an engine (engine.sh) with buildx. Prints their names and sizes.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

docker buildx version > /dev/null 2>&1 || {
  echo "this docker has no buildx, which images are built with: install docker-buildx" >&2
  exit 1
}

# The machine's own release, since programs built here want its C library.
release=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")
empty=$cache/empty
mkdir -p "$empty"

# packages NAME SUITE PACKAGE...: prints the folder that holds the packages, with all that they
# depend on, laid out as a machine has it.
packages() {
  local name=$1 suite=$2
  shift 2
  cached "packages-image-$name-$suite" unpack "$suite" "$@" >&2
  echo "$cache/packages-image-$name-$suite/root"
}

# unpack SUITE PACKAGE... DIR
unpack() {
  local dir=${*: -1} part
  bash "$project/internal/testenv/debian/fetch.sh" --with-dependencies "$1" "$dir" "${@:2:$#-2}"
  for part in bin sbin lib lib64; do # where a package has not moved to /usr yet
    if [ -d "$dir/root/$part" ] && [ ! -L "$dir/root/$part" ]; then
      mkdir -p "$dir/root/usr/$part"
      cp -a "$dir/root/$part/." "$dir/root/usr/$part/"
      rm -rf "${dir:?}/root/$part"
    fi
    mkdir -p "$dir/root/usr/$part"
    ln -sfn "usr/$part" "$dir/root/$part"
  done
  rm -rf "$dir"/root/usr/share/{doc,man,info,perl,perl5,lintian} "$dir"/root/usr/lib/*/{perl,perl-base,perl5}
}

# image NAME TARGET CONTEXT...: builds a target of the Dockerfile beside this script.
image() {
  local name=$1 target=$2 contexts=() c
  shift 2
  for c in "$@"; do contexts+=(--build-context "$c"); done
  build "$name" --target "$target" "${contexts[@]}" --build-context "here=$images" --file "$images/Dockerfile" "$empty"
}

# build NAME ARGUMENT...: one image; what the build says is shown only where it fails.
build() {
  local name=$1 log=$cache/image-${1%%:*}.log size
  shift
  docker buildx build --progress=plain --load --tag "localhost/tablehaul/$name" "$@" > "$log" 2>&1 ||
    { tail -30 "$log" >&2; echo "building localhost/tablehaul/$name failed" >&2; return 1; }
  rm "$log"
  docker image prune --force --filter label=org.opencontainers.image.title=tablehaul > /dev/null # what it was before
  size=$(docker image inspect --format '{{.Size}}' "localhost/tablehaul/$name")
  printf '%-36s %4d MB\n' "localhost/tablehaul/$name" $((size / 1000000))
}

base() { packages base "$release" libc6 busybox-static ca-certificates; }
database() { packages "$1" "$2" "$1-server-core" "$1-client-core" busybox-static; }

build_golang() { image "golang:$(go env GOVERSION | cut -c3-)" golang "root=$(base)" "goroot=$(goroot)"; }

# goroot is the machine's Go without its tests and documents.
goroot() {
  local from version
  from=$(go env GOROOT)
  version=$(go env GOVERSION)
  cached "image-$version" copy_goroot "$from" >&2
  echo "$cache/image-$version"
}
copy_goroot() {
  cp -a "$1"/{VERSION,go.env,bin,lib,pkg,src} "$2" &&
    find "$2/src" \( -name '*_test.go' -o -name testdata \) -prune -exec rm -rf {} +
}

# The modules go along in the context, so that the build needs no network.
build_worker() {
  local context
  local go_image
  go_image=localhost/tablehaul/golang:$(go env GOVERSION | cut -c3-)
  docker image inspect "$go_image" > /dev/null 2>&1 || build_golang
  context=$(mktemp -d)
  trap 'rm -rf "$context"' RETURN
  (cd "$project" &&
    cp -a go.mod go.sum Dockerfile .dockerignore activities internal starter worker workflows "$context/" &&
    go mod vendor -o "$context/vendor" > /dev/null)
  build worker --build-arg "GO_IMAGE=$go_image" "$context"
}

build_mysql() { image mysql:9 database "root=$(database mysql sid)"; }
build_mariadb() { image mariadb:10.11 database "root=$(database mariadb bookworm)"; }
build_mariadb-11() { image mariadb:11 database "root=$(database mariadb trixie)"; }

build_temporal() {
  [ -e "$project/bin/temporal" ] || make -C "$project" bin/temporal >&2
  image temporal temporal "root=$(base)" "programs=$(programs temporal "$project/bin/temporal")"
}

build_s3() { image s3 s3 "root=$(base)" "programs=$(programs s3 "$(versitygw)")"; }

# The version of internal/testenv/s3server, in its place in the cache.
versitygw_version=v1.8.0
versitygw() {
  cached "versitygw-$versitygw_version" install_versitygw >&2
  echo "$cache/versitygw-$versitygw_version/versitygw"
}
install_versitygw() {
  (cd "$1" && GOBIN=$1 GOFLAGS='' GOWORK=off CGO_ENABLED=0 \
    go install -trimpath -ldflags='-s -w' "github.com/versity/versitygw/cmd/versitygw@$versitygw_version")
}

# A Debian as it is installed, with systemd and rpm, for the tests of what `make dist` makes.
build_debian() {
  cached "debian-$release" install_debian
  image debian debian "root=$cache/debian-$release/root"
}
install_debian() {
  local uri
  uri=$(apt-get indextargets --no-release-info --format '$(REPO_URI)' | grep -v security | grep -m 1 /debian)
  bash "$project/internal/testenv/debian/fetch.sh" "" "$1/tool" mmdebstrap
  perl "$1/tool/root/usr/bin/mmdebstrap" --mode=root --variant=minbase --include=systemd,systemd-sysv,rpm \
    "$release" "$1/root" "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $release main"
  rm -rf "$1/tool"
}

# programs NAME FILE: a folder with that program and nothing else.
programs() {
  local dir=$cache/image-programs-$1
  mkdir -p "$dir"
  ln -f "$2" "$dir/" 2>/dev/null || cp -f "$2" "$dir/"
  echo "$dir"
}

if [ $# = 0 ]; then set -- golang worker mysql mariadb mariadb-11 temporal s3; fi
for name in "$@"; do
  declare -F "build_$name" > /dev/null || { echo "there is no image $name" >&2; exit 2; }
done
# The worker is compiled while the others are fetched.
compiling=
for name in "$@"; do
  if [ "$name" = worker ]; then
    build_worker &
    compiling=$!
  else
    "build_$name"
  fi
done
[ -z "$compiling" ] || wait "$compiling"
