#!/bin/sh
# After an installation or an upgrade. dpkg gives `configure` and rpm a number.
set -e
if ! getent passwd tablehaul > /dev/null; then
  useradd --system --user-group --home-dir /var/lib/tablehaul --no-create-home --shell /usr/sbin/nologin tablehaul
fi
# Passwords: root writes them, and the units' account reads them.
chown root:tablehaul /etc/tablehaul/environment
chmod 0640 /etc/tablehaul/environment
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  # A unit that runs goes on with the new programs: runs in flight continue (docs/deploying.md).
  systemctl try-restart tablehaul-worker.service tablehaul-standalone.service
fi
