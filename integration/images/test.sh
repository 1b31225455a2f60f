#!/bin/bash
# test.sh [dist]: what needs a Docker engine (run it by engine.sh run). The images are those that the
# environment names (TABLEHAUL_TEST_IMAGES and the others of local.env), else local ones, built first.
# With dist it is the tests of `make dist` alone, else all others.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

tests=(-skip 'TestThePackage|TestTwoBuilds') needed=()
if [ "${1:-}" = dist ]; then tests=(-run 'TestThePackage|TestTwoBuilds') needed=(mysql temporal debian); fi
docker compose version > /dev/null 2>&1 || {
  echo "this docker has no compose, which the tests use: install docker-compose 2.23.1 or later" >&2
  exit 1
}
if [ -z "${TABLEHAUL_TEST_IMAGES:-}" ]; then
  bash "$images/build.sh" "${needed[@]}"
  set -a
  . "$images/local.env"
  set +a
elif [ -z "${WORKER_IMAGE:-}" ]; then
  docker build --tag localhost/tablehaul/worker "$project"
fi
cd "$project/integration/containers"
if [ "${1:-}" = dist ]; then
  (cd ../kubernetes && go test -count=1 -v ./... | grep -vE '^(=== |    --- )')
  go test -count=1 -v -timeout 30m "${tests[@]}" . | grep -vE '^(=== |    --- )'
  exit
fi
cd "$project"
# The other tests, the demo and the benchmarks take their servers from the engine, too.
chosen=$(go run ./internal/testenv/servers/prepare)
echo "$chosen"
if grep '^servers:' <<< "$chosen" | grep -v ' from Docker image '; then
  echo "a server is not from the Docker engine" >&2
  exit 1
fi
go test -race -count=1 -timeout 5m ./internal/testenv/servers
cd integration/containers
go test -race -count=1 -v -parallel 3 -timeout 10m "${tests[@]}" ./... | grep -vE '^(=== |    --- )'
