#!/bin/bash
# compare.sh BASE PACKAGES…: runs the micro-benchmarks of a commit and of the working tree, in
# turn, and prints benchstat's comparison. A machine that slows down meanwhile slows down both.
set -euo pipefail
base=$1
shift
here=$PWD
dir=$(mktemp -d "${TMPDIR:-/tmp}/tablehaul-compare.XXXXXX")
cleanup() {
  cd "$here"
  git worktree remove --force "$dir/tree" 2>/dev/null || true
  rm -rf "$dir"
}
trap cleanup EXIT
git worktree add --quiet --detach "$dir/tree" "$base"

# One test binary per package and side, built before anything is measured.
for side in base here; do
  cd "$([ $side = base ] && echo "$dir/tree" || echo "$here")"
  for package in "$@"; do
    "${GO:-go}" test -c -o "$dir/$side/${package//\//_}" "$package"
  done
done
for ((i = 1; i <= ${COUNT:-6}; i++)); do
  for side in base here; do
    echo "round $i of ${COUNT:-6}: $side" >&2
    for package in "$@"; do
      cd "$([ $side = base ] && echo "$dir/tree" || echo "$here")/$package"
      "$dir/$side/${package//\//_}" -test.run '^$' -test.bench "${BENCH:-.}" -test.benchtime "${BENCH_TIME:-1s}" \
        -test.skip 'FromServer$' >> "$dir/$side.txt"
    done
  done
done
"$BENCHSTAT" "base=$dir/base.txt" "here=$dir/here.txt"
