#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Whether a cookie that is Secure comes back over plain http from 127.0.0.1 or localhost depends on the client: tough-cookie (what Node clients
# use), curl and Go's cookiejar take loopback for secure; requests keeps the cookie and does not send it.
#
# Seen: tough-cookie 6.1.0, libcurl 8.23.0 (pycurl 7.49.0), requests 2.34.2, Go 1.26.8, 2026-11-30.
# For us: a service with Secure sessions can be tried without TLS by curl, while its Python test is logged out by each request.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export no_proxy=127.0.0.1,localhost NO_PROXY=127.0.0.1,localhost

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check requests==2.34.2 pycurl==7.49.0
echo '{"private": true}' >package.json
npm install --silent --no-audit --no-fund tough-cookie@6.1.0

cat >ask.js <<'JS'
const { CookieJar } = require('tough-cookie');
const url = process.argv[2];
(async () => {
  const jar = new CookieJar();
  for (let i = 0; i < 2; ++i) {
    const response = await fetch(url, { headers: { Cookie: await jar.getCookieString(url) } });
    for (const cookie of response.headers.getSetCookie()) await jar.setCookie(cookie, url);
  }
})();
JS
go mod init ask 2>/dev/null
cat >ask.go <<'GO'
package main

import (
	"net/http"
	"net/http/cookiejar"
	"os"
)

func main() {
	jar, _ := cookiejar.New(nil)
	client := http.Client{Jar: jar}
	for i := 0; i < 2; i++ {
		if response, err := client.Get(os.Args[1]); err == nil {
			response.Body.Close()
		}
	}
}
GO
go build -o ask ask.go
cat >seen.py <<'PY'
import http.server, pycurl, requests, subprocess, threading

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def do_GET(self):
        global cookie
        cookie = self.headers["Cookie"]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.send_header("Set-Cookie", "s=1; Path=/; Secure; HttpOnly")
        self.end_headers()

def requests_client(url):
    with requests.Session() as session:
        for _ in range(2): session.get(url)

def curl(url):
    handle = pycurl.Curl()
    handle.setopt(pycurl.URL, url)
    handle.setopt(pycurl.COOKIEFILE, "")
    for _ in range(2): handle.perform()

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
clients = {
    "tough-cookie": lambda url: subprocess.run(["node", "ask.js", url], check=True),
    "curl": curl,
    "requests": requests_client,
    "Go": lambda url: subprocess.run(["./ask", url], check=True),
}
for name, ask in clients.items():
    for host in "127.0.0.1", "localhost":
        cookie = None
        ask(f"http://{host}:{server.server_port}/")
        print(f"{name}, http://{host}: the second request carries {cookie or 'no cookie'}")
PY
venv/bin/python seen.py | tee seen

diff - seen <<'EOF'
tough-cookie, http://127.0.0.1: the second request carries s=1
tough-cookie, http://localhost: the second request carries s=1
curl, http://127.0.0.1: the second request carries s=1
curl, http://localhost: the second request carries s=1
requests, http://127.0.0.1: the second request carries no cookie
requests, http://localhost: the second request carries no cookie
Go, http://127.0.0.1: the second request carries s=1
Go, http://localhost: the second request carries s=1
EOF
