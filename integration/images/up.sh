#!/bin/bash
# up.sh COMPOSE...: brings up docker-compose.temporal.yml by that command of docker compose, makes the schedule, and
# says where everything is.
set -euo pipefail
compose=("$@")
"${compose[@]}" up --wait
"${compose[@]}" exec -T worker tablehaul schedule apply --yes > /dev/null
port() { "${compose[@]}" port "$1" "$2"; }
web=$(port temporal 8233)
docker="docker compose -f docker-compose.temporal.yml"
source=$(port source 3306) target=$(port target 3306)
cat << TEXT

All of it is up. shop.orders has 5,000 rows, which change by themselves, and is synced into dw.orders each minute.

  Web UI   http://$web/namespaces/default/workflows?query=WorkflowType+%3D+%27SyncTable%27
  source   mysql -h ${source%:*} -P ${source##*:} -u tablehaul -p shop    (password: SOURCE_PASSWORD in .env)
  target   mysql -h ${target%:*} -P ${target##*:} -u tablehaul -p dw      (password: TARGET_PASSWORD in .env)

Next:
  $docker exec worker tablehaul run shop.orders
  $docker exec worker tablehaul status --watch
  make down
TEXT
if [ -n "${DOCKER_HOST:-}" ]; then
  printf '\nThat docker is one of ours. First: %s\n' "eval \"\$(integration/images/engine.sh env)\""
fi
