#!/bin/sh
# Before a removal, and before an upgrade, where the units run on. dpkg says `remove`, and rpm 0, for a removal.
set -e
case "$1" in
  remove | 0)
    if [ -d /run/systemd/system ]; then
      systemctl --quiet disable --now tablehaul-worker.service tablehaul-standalone.service || true
    fi
    ;;
esac
