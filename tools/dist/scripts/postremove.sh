#!/bin/sh
# After a removal. Watermarks and staged files in /var/lib/tablehaul stay; `apt purge` removes them, too.
set -e
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
fi
if [ "$1" = purge ]; then
  rm -rf /var/lib/tablehaul
fi
