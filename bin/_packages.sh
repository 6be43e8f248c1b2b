#!/bin/sh
# Installs Debian packages as root, for bin/run and bin/test:  sh bin/_packages.sh NAME …
#
# The product starts servers of its own. Debian's packages would also start theirs, on the usual
# ports; for packages that this very run installs, that is prevented. A server that was here
# before is not touched.
set -u
export DEBIAN_FRONTEND=noninteractive

policy=/usr/sbin/policy-rc.d
clusters=/etc/postgresql-common/createcluster.d
quiet=$clusters/sauro-installs.conf
tidy() {
    [ -z "${made_policy:-}" ] || rm -f "$policy"
    rm -f "$quiet"
}
trap tidy EXIT
trap 'exit 130' HUP INT TERM

had_redis=$(command -v redis-server)
# A machine's own policy stays in force.
if [ ! -e "$policy" ]; then
    made_policy=yes
    cat >"$policy" <<'POLICY'
#!/bin/sh
case $1 in postgresql* | redis*) exit 101 ;; esac
exit 0
POLICY
    chmod 755 "$policy"
fi
mkdir -p "$clusters"
printf 'create_main_cluster = false\n' >"$quiet"

install() { apt-get install -y -qq --no-install-recommends "$@" >/dev/null; }
# The lists may be absent (a fresh container) or old: update, then try once more.
if ! apt-get install -s -qq "$@" >/dev/null 2>&1; then apt-get update -qq; fi
install "$@" || { apt-get update -qq && install "$@"; } || exit 1

if [ -z "$had_redis" ] && command -v systemctl >/dev/null 2>&1; then
    systemctl disable --quiet redis-server 2>/dev/null
fi
exit 0
