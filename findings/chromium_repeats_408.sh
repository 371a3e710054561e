#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Chromium sends a request again if it gets a 408 on a kept connection, a POST of fetch() too, without telling the page, and as often as it has
# kept connections left: here two or three times more. After a 421 it does so once. Other statuses go to the page at once: 425, 429, 503.
#
# Seen: Chromium 156.0.8078.114 (Debian 12), 2026-11-30.
# For us: 408 may only be the response to a request whose handler has done nothing; a POST that timed out half way in a handler is not one.
set -euo pipefail
version=156.0.8078.114-1~deb12u1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get -o APT::Sandbox::User=root download "chromium=$version" "chromium-common=$version" >/dev/null
for package in ./*.deb; do dpkg-deb -x "$package" root; done
root/usr/lib/chromium/chromium --version --no-sandbox 2>/dev/null

cat >seen.py <<'PY'
import http.server, os, subprocess, sys, threading

PAGE = b"""<script>
async function run() {
  for (const status of ['408', '421', '425', '429', '503']) {
    await Promise.all([fetch('/warm?1'), fetch('/warm?2')]);          // two kept connections
    await fetch('/order/' + status, {method: 'POST', body: 'an order'});
  }
  fetch('/done', {method: 'POST'});
}
run();
</script>"""

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def respond(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status = 200
        if self.path.startswith("/order/"):
            status = int(self.path[7:])
            orders[status] = orders.get(status, 0) + 1
        if self.path.startswith("/warm"): pair.wait(10)
        body = PAGE if self.path == "/" else b""
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        if status == 408: self.send_header("Connection", "close")      # sets close_connection
        self.end_headers()
        self.wfile.write(body)
        if self.path == "/done": done.set()
    do_GET = do_POST = respond

orders, pair, done = {}, threading.Barrier(2), threading.Event()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
browser = subprocess.Popen(["root/usr/lib/chromium/chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-proxy-server",
                            "--disable-background-networking", f"--user-data-dir={os.getcwd()}/profile",
                            f"http://127.0.0.1:{server.server_port}/"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
done.wait(60)
browser.terminate()
browser.wait()
for status, count in sorted(orders.items()):
    print(f"{status}: sent {count} times", file=sys.stderr)             # how often for 408 depends on what else is kept
    print(f"POST, {status}: sent {'again' if count > 1 else 'once'}")
PY
timeout 120 python3 seen.py | tee seen

diff - seen <<'EOF'
POST, 408: sent again
POST, 421: sent again
POST, 425: sent once
POST, 429: sent once
POST, 503: sent once
EOF
