#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Python's http.cookies drops a whole cookie if it has an attribute without a value that it does not know; Partitioned is one, up to Python
# 3.13. aiosonic, whose cookies are read by it, gets none; requests, httpx, aiohttp and curl skip the attribute and keep the cookie.
#
# Seen: Python 3.11.7 (and 3.8 to 3.13), aiosonic 1.3.3, 2026-11-30.
# For us: a session that is set as Partitioned does not exist for such clients, and Set-Cookie in the response looks right.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check aiosonic==1.3.3 requests==2.34.2

cat >seen.py <<'PY'
import aiosonic, asyncio, http.cookies, http.server, requests, sys, threading

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.send_header("Set-Cookie", attributes)
        self.end_headers()

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"
session = requests.Session()
session.trust_env = False

async def ask():
    async with aiosonic.HTTPClient(handle_cookies=True) as client:
        response = await client.get(url)
        return list(response.cookies or {})

print("Python", sys.version.split()[0], file=sys.stderr)
for attributes in "s=1; Path=/; Secure", "s=1; Path=/; Secure; Partitioned":
    print(attributes)
    print("  http.cookies:", list(http.cookies.SimpleCookie(attributes)))
    print("  aiosonic:", asyncio.run(ask()))
    print("  requests:", list(session.get(url).cookies.keys()))
PY
venv/bin/python seen.py | tee seen

diff - seen <<'EOF'
s=1; Path=/; Secure
  http.cookies: ['s']
  aiosonic: ['s']
  requests: ['s']
s=1; Path=/; Secure; Partitioned
  http.cookies: []
  aiosonic: []
  requests: ['s']
EOF
