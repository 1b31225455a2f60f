#!/bin/bash
# env.sh FILE: makes FILE, for docker compose, with a new password for everything, unless it is there.
set -euo pipefail
[ ! -e "$1" ] || exit 0
umask 077
word() { od -An -N18 -tx1 /dev/urandom | tr -d ' \n'; }
{
  echo "# Passwords of docker-compose.temporal.yml. Keep it: the volumes were made with them."
  for name in DATABASE_ROOT_PASSWORD SOURCE_PASSWORD TARGET_PASSWORD S3_ACCESS_KEY S3_SECRET_KEY GRAFANA_PASSWORD; do
    echo "$name=$(word)"
  done
} > "$1.tmp"
mv "$1.tmp" "$1"
