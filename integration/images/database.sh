#!/bin/sh
# The start of a local MySQL or MariaDB image. It understands, for either server, what the official images do:
# MYSQL_ or MARIADB_ ROOT_PASSWORD (or ALLOW_EMPTY_PASSWORD, ALLOW_EMPTY_ROOT_PASSWORD), ROOT_HOST, DATABASE,
# USER, PASSWORD, and *.sql in
# /docker-entrypoint-initdb.d, one statement a line. Arguments are the server's.
set -eu
data=/var/lib/mysql
template=/var/lib/mysql-template
server=$(command -v mariadbd || command -v mysqld)

# setting NAME: the value of MYSQL_NAME or MARIADB_NAME, which may be empty.
setting() { eval "printf %s \"\${MYSQL_$1:-\${MARIADB_$1:-}}\""; }

initialise() {
  mkdir -p "$template" /var/lib/mysql-files /run/mysqld
  chown mysql:mysql "$template" /var/lib/mysql-files /run/mysqld
  case $server in
    *mariadbd)
      mkdir "$template/mysql" && chown mysql:mysql "$template/mysql"
      printf '%s\n' 'use mysql;' 'set @auth_root_socket=NULL;' > /tmp/system.sql
      for name in system_tables performance_tables system_tables_data sys_schema; do
        found=$(ls /usr/share/mysql/mysql_$name.sql /usr/share/mysql/mariadb_$name.sql \
          /usr/share/mariadb/mariadb_$name.sql 2> /dev/null | head -n 1)
        cat "$found" >> /tmp/system.sql # fails where there is none
        echo >> /tmp/system.sql
      done
      "$server" --no-defaults --user=mysql --bootstrap --datadir="$template" --max-allowed-packet=64M < /tmp/system.sql
      rm /tmp/system.sql
      ;;
    *)
      "$server" --no-defaults --user=mysql --initialize-insecure --datadir="$template" --innodb-redo-log-capacity=16M
      rm -f "$template/auto.cnf" # an identity of its own for every server
      ;;
  esac
}

# quoted TEXT: as an SQL string.
quoted() { printf "'%s'" "$(printf %s "$1" | sed "s/\\\\/\\\\\\\\/g; s/'/''/g")"; }

# statements for the first start, one a line, as MariaDB wants them
first_statements() {
  root=$(quoted "$(setting ROOT_PASSWORD)")
  host=$(setting ROOT_HOST)
  host=$(quoted "${host:-%}")
  echo "CREATE USER IF NOT EXISTS 'root'@$host IDENTIFIED BY $root;"
  echo "GRANT ALL PRIVILEGES ON *.* TO 'root'@$host WITH GRANT OPTION;"
  echo "CREATE USER IF NOT EXISTS 'root'@'localhost';"
  echo "ALTER USER 'root'@'localhost' IDENTIFIED BY $root;"
  case $server in
    *mariadbd) # what the template has for the machine that it was made on
      echo "DELETE FROM mysql.global_priv WHERE User = 'root' AND Host NOT IN ('localhost', $host);"
      echo "FLUSH PRIVILEGES;"
      ;;
  esac
  database=$(setting DATABASE)
  [ -z "$database" ] || echo "CREATE DATABASE IF NOT EXISTS \`$database\`;"
  user=$(setting USER)
  if [ -n "$user" ]; then
    echo "CREATE USER $(quoted "$user")@'%' IDENTIFIED BY $(quoted "$(setting PASSWORD)");"
    [ -z "$database" ] || echo "GRANT ALL PRIVILEGES ON \`$database\`.* TO $(quoted "$user")@'%';"
  fi
  echo "FLUSH PRIVILEGES;"
  for f in /docker-entrypoint-initdb.d/*.sql; do
    [ ! -e "$f" ] || cat "$f"
  done
}

if [ "${1:-}" = --initialise-template ]; then
  initialise
  exit
fi
case ${1:-} in mysqld | mariadbd) shift ;; esac

first=
if [ ! -d "$data/mysql" ]; then
  if [ -z "$(setting ROOT_PASSWORD)$(setting ALLOW_EMPTY_PASSWORD)$(setting ALLOW_EMPTY_ROOT_PASSWORD)" ]; then
    echo "set MYSQL_ROOT_PASSWORD, or MYSQL_ALLOW_EMPTY_PASSWORD=1" >&2
    exit 1
  fi
  cp -a "$template/." "$data/"
  first=/run/first.sql
  first_statements > "$first"
  chown mysql:mysql "$first"
  chmod 400 "$first"
fi
mkdir -p /run/mysqld
chown mysql:mysql /run/mysqld "$data"
exec "$server" --no-defaults --user=mysql --datadir="$data" --socket=/run/mysqld/mysqld.sock \
  --bind-address=0.0.0.0 ${first:+--init-file=$first} "$@"
