#!/bin/bash
# setup.sh DIR CONSTRAINTS: installs the peers from their PyPI packages into a virtual environment DIR/venv.
# Each by itself: one that cannot be installed leaves its reason in DIR/NAME.failed, and the others go on.
set -euo pipefail
dir=$1 constraints=$2
rm -rf "$dir/venv" "$dir"/*.failed
python3 -m venv "$dir/venv"
pip=("$dir/venv/bin/python" -m pip --no-input --disable-pip-version-check -q)

install() { # install NAME PACKAGE...
  local name=$1; shift
  "${pip[@]}" install -c "$constraints" "$@" > "$dir/$name.log" 2>&1 || {
    grep -E '^ERROR|rror:' "$dir/$name.log" | head -n 1 > "$dir/$name.failed"
    [ -s "$dir/$name.failed" ] || tail -n 1 "$dir/$name.log" > "$dir/$name.failed"
  }
}

install dlt 'dlt[sqlalchemy,parquet]' pandas numpy pymysql
install hybrid pandas pyarrow SQLAlchemy pymysql
# Later versions of these two packages are launchers, which download the program from elsewhere at its first use.
case $(uname -m) in aarch64|arm64) sling=sling-linux-arm64 ;; *) sling=sling-linux-amd64 ;; esac
install sling "$sling"
install ingestr ingestr
find "$dir/venv" -path '*/sling_linux_*/bin/sling-linux-*' -type f -exec chmod +x {} + \
  -exec ln -sf {} "$dir/venv/bin/sling-program" \;

# The driver that dlt's page advises is built from source. It needs a C client library: the machine's own, or Debian's
# packages unpacked beside the environment. Without one the drivers are pymysql, which is pure Python.
echo pymysql > "$dir/driver"
if ! "${pip[@]}" install --no-cache-dir -c "$constraints" mysqlclient > "$dir/driver.log" 2>&1; then
  mkdir -p "$dir/client" && cd "$dir/client"
  if apt-get -q download libmariadb-dev libmariadb3 >> "$dir/driver.log" 2>&1; then
    for deb in *.deb; do dpkg -x "$deb" .; done
    lib=$(dirname "$(find "$PWD" -name libmariadb.so | head -n 1)")
    export MYSQLCLIENT_CFLAGS="-I$PWD/usr/include/mariadb -I$PWD/usr/include/mariadb/mysql"
    export MYSQLCLIENT_LDFLAGS="-L$lib -lmariadb -Wl,-rpath,$lib"
    "${pip[@]}" install --no-cache-dir -c "$constraints" mysqlclient >> "$dir/driver.log" 2>&1 || true
  fi
fi
if "$dir/venv/bin/python" -c 'import MySQLdb' 2>> "$dir/driver.log"; then echo mysqldb > "$dir/driver"; fi
