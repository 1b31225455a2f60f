#!/bin/bash
# vulncheck.sh GOVULNCHECK MODULE…: looks for known vulnerabilities in the code of modules, which
# are named by their folders. TABLEHAUL_VULNDB is the database to ask in place of vuln.go.dev:
# the URL of a mirror, or file:///a/copy/of/it.
#
# 0: none is known, or the database could not be reached, which is said loudly. 1: one was
# found, or something else is wrong.
set -euo pipefail
govulncheck=$1
shift
db=()
[ -z "${TABLEHAUL_VULNDB:-}" ] || db=(-db "$TABLEHAUL_VULNDB")

# packages are those of the module in the working folder; of one that pins tools, these.
packages() {
  local own
  own=$(go list ./... 2> /dev/null)
  echo "${own:-$(go list tool)}"
}

# scan LEVEL looks at the module in the working folder; 3 is govulncheck's word for a find.
scan() {
  local status=0
  # shellcheck disable=SC2046 # one argument for each package
  out=$("$govulncheck" -scan "$1" "${db[@]}" $(packages) 2>&1) || status=$?
  return $status
}

# unreachable reads what govulncheck says of a database that does not answer. Of a mirror it says
# the same where something else answers.
unreachable() {
  [[ $out == *"fetching vulnerabilities:"* ]] ||
    [[ ${TABLEHAUL_VULNDB:-} == http* && $out == *"unrecognized vulndb format"* ]]
}

for module in "$@"; do
  cd "$module"
  # What packages are imported takes a second to see; what of them is called takes minutes and
  # 13 GB for the standalone server. So the second is asked only where the first has found something.
  status=0
  scan package || status=$?
  if [ $status = 3 ]; then
    status=0
    scan symbol || status=$?
  fi
  if [ $status = 1 ] && unreachable; then
    {
      echo "**********************************************************************"
      echo "Vulnerabilities were NOT checked: the database cannot be reached${TABLEHAUL_VULNDB:+ at $TABLEHAUL_VULNDB}."
      echo "$out"
      echo "Name a mirror, or a copy as file:///a/folder, in TABLEHAUL_VULNDB."
      echo "**********************************************************************"
    } >&2
    exit 0
  fi
  echo "vulnerabilities in $module:"
  echo "$out"
  [ $status = 0 ] || exit 1
  cd - > /dev/null
done
