#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# urllib3, as it comes, returns a 503 to the program at once; but if the response has a Retry-After, it sleeps and sends the request again,
# up to three times, and only then returns the 503. It does so for 413, 429 and 503, for GET, PUT and DELETE, not for POST. requests, which is
# built on it, does not.
#
# Seen: urllib3 2.8.0, requests 2.34.2, 2026-11-30.
# For us: a Retry-After on every 503 turns one rejected request into four, from a program that has asked for none of that.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check urllib3==2.8.0 requests==2.34.2

cat >seen.py <<'PY'
import http.server, threading, time, requests, urllib3

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def respond(self):
        global count
        count += 1
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, *seconds = self.path[1:].split("/")
        self.send_response(int(status))
        self.send_header("Content-Length", "0")
        if seconds: self.send_header("Retry-After", seconds[0])
        self.end_headers()
    do_GET = do_PUT = do_POST = respond

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
session = requests.Session()
session.trust_env = False

def show(name, call, method, path):
    global count
    count, start = 0, time.monotonic()
    status = call(method, url + path)
    print(f"{name}, {method} {path}: {status} after {time.monotonic() - start:.0f} s, {count} requests")

def pool(method, url): return urllib3.PoolManager().request(method, url).status
for method, path in ("GET", "/503"), ("GET", "/503/1"), ("PUT", "/503/1"), ("POST", "/503/1"), ("GET", "/429/1"), ("GET", "/500/1"):
    show(f"urllib3 {urllib3.__version__}", pool, method, path)
show(f"requests {requests.__version__}", lambda *request: session.request(*request).status_code, "GET", "/503/1")
PY
venv/bin/python seen.py | tee seen

diff - seen <<'EOF'
urllib3 2.8.0, GET /503: 503 after 0 s, 1 requests
urllib3 2.8.0, GET /503/1: 503 after 3 s, 4 requests
urllib3 2.8.0, PUT /503/1: 503 after 3 s, 4 requests
urllib3 2.8.0, POST /503/1: 503 after 0 s, 1 requests
urllib3 2.8.0, GET /429/1: 429 after 3 s, 4 requests
urllib3 2.8.0, GET /500/1: 500 after 0 s, 1 requests
requests 2.34.2, GET /503/1: 503 after 0 s, 1 requests
EOF
