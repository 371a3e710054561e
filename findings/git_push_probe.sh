#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# One `git push` is two POSTs if its pack is larger than 1 MiB: first one with a body of 4 bytes, "0000", then the pack, in chunks. A handler
# that logs, counts or charges a push by its POST sees it twice, and the first one has nothing in it. Smaller packs come in one POST, with a
# Content-Length.
#
# Seen: git 2.39.5 (Debian 12), 2026-11-30.
# For us: a service that hosts git must respond to the first POST without waiting for more, and must not take a length for granted.
set -euo pipefail
version=1:2.39.5-0+deb12u3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get -o APT::Sandbox::User=root download "git=$version" >/dev/null
dpkg-deb -x git_*.deb root
export PATH="$dir/root/usr/bin:$PATH" GIT_EXEC_PATH="$dir/root/usr/lib/git-core" GIT_TEMPLATE_DIR=''
export HOME="$dir" GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0
export no_proxy=127.0.0.1,localhost NO_PROXY=127.0.0.1,localhost
git --version

cat >seen.py <<'PY'
import http.server, os, subprocess, threading

posts = []

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def do_GET(self):
        refs = subprocess.run(["git", "receive-pack", "--advertise-refs", "bare"], capture_output=True).stdout
        self.reply("advertisement", b"001f# service=git-receive-pack\n0000" + refs)
    def do_POST(self):
        framing = "chunked" if self.headers["Transfer-Encoding"] else "Content-Length"
        body = b""
        if framing == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        posts.append((framing, body))
        done = subprocess.run(["git", "receive-pack", "--stateless-rpc", "bare"], input=body, capture_output=True).stdout
        self.reply("result", done)
    def reply(self, kind, body):
        self.send_response(200)
        self.send_header("Content-Type", f"application/x-git-receive-pack-{kind}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

def git(*words):
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *words], check=True, capture_output=True)

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
git("init", "-q", "--bare", "bare")
git("init", "-q", "work")
for size in 100_000, 3_000_000:
    with open("work/file", "wb") as file: file.write(os.urandom(size))
    git("-C", "work", "add", ".")
    git("-C", "work", "commit", "-qm", "x")
    posts.clear()
    git("-C", "work", "push", f"http://127.0.0.1:{server.server_port}/", "HEAD:refs/heads/main")
    for framing, body in posts:
        print(f"push of {size} bytes: POST, {framing},", body.decode() if len(body) < 9 else "the pack")
PY
python3 seen.py | tee seen

diff - seen <<'EOF'
push of 100000 bytes: POST, Content-Length, the pack
push of 3000000 bytes: POST, Content-Length, 0000
push of 3000000 bytes: POST, chunked, the pack
EOF
