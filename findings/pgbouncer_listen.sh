#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# LISTEN through PgBouncer in transaction mode succeeds, and the client that sent it hears nothing while it waits. The server's connection
# stays subscribed, though, and its next user gets the notifications: here a client that has never listened to anything.
#
# Seen: PgBouncer 1.18.0, PostgreSQL 15.18 (Debian 12), psycopg 3.3.9, 2026-11-30.
# For us: a listener needs a direct connection, and one that goes through a pooler fails without an error.
set -euo pipefail
postgres=15.18-0+deb12u1
pgbouncer=1.18.0-1+deb12u1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get -o APT::Sandbox::User=root download "postgresql-15=$postgres" "pgbouncer=$pgbouncer" libpq5 libevent-2.1-7 libc-ares2 >/dev/null
for package in ./*.deb; do dpkg-deb -x "$package" root; done
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "psycopg[binary]==3.3.9"
LD_LIBRARY_PATH=$(dirname root/usr/lib/*/libpq.so.5)
export LD_LIBRARY_PATH="$dir/$LD_LIBRARY_PATH"

# PostgreSQL does not run as root.
user=()
if [ "$(id -u)" = 0 ]; then
  chmod 755 "$dir"
  mkdir data && chown nobody data
  user=(setpriv --reuid nobody --regid nogroup --clear-groups)
fi
bin=$dir/root/usr/lib/postgresql/15/bin
"${user[@]}" "$bin/initdb" -D data -U app --auth trust >/dev/null
"$bin/postgres" --version
root/usr/sbin/pgbouncer --version | head -1

cat >seen.py <<'PY'
import os, psycopg, socket, subprocess, sys, time

def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener: return listener.getsockname()[1]

def connect(port):
    for _ in range(200):
        try:
            return psycopg.connect(f"host=127.0.0.1 port={port} user=app dbname=postgres", autocommit=True, prepare_threshold=None)
        except psycopg.OperationalError: time.sleep(0.05)
    sys.exit("no connection")

def heard(client): return [note.payload for note in client.notifies(timeout=0.5)]

direct, pooled = free_port(), free_port()
with open("pgbouncer.ini", "w") as config:
    config.write(f"""[databases]
postgres = host=127.0.0.1 port={direct}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {pooled}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 1
""".replace("postgres = host", "postgres = user=app host"))
user = sys.argv[1:]
quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
server = subprocess.Popen([*user, os.environ["POSTGRES"], "-D", "data", "-p", str(direct), "-h", "127.0.0.1", "-k", ""], **quiet)
sender = connect(direct)
pooler = subprocess.Popen([*user, "root/usr/sbin/pgbouncer", "pgbouncer.ini"], **quiet)
listener, other = connect(pooled), connect(pooled)

listener.execute("LISTEN jobs")
print("LISTEN through the pooler: no error")
sender.execute("NOTIFY jobs, 'first'")
print("the client that listens hears", heard(listener))
other.execute("BEGIN")
other.execute("SELECT 1")
sender.execute("NOTIFY jobs, 'second'")
other.execute("COMMIT")
print("a client that has never listened hears, with its COMMIT,", heard(other))
pooler.terminate()
server.terminate()
PY
POSTGRES=$bin/postgres venv/bin/python seen.py "${user[@]}" | tee seen

diff - seen <<'EOF'
LISTEN through the pooler: no error
the client that listens hears []
a client that has never listened hears, with its COMMIT, ['second']
EOF
