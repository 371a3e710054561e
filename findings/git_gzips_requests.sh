#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# git compresses the body of its own request (Content-Encoding: gzip), without having seen whether the server can read that, as soon as it is
# larger than 1024 bytes: in a clone, if there are some twenty branches. A server that ignores the field in requests works for a small
# repository, and fails once it has grown.
#
# Seen: git 2.39.5 (Debian 12), 2026-11-30.
# For us: Content-Encoding of a request is the handler's to read or to reject with 415; trying it with a small repository shows nothing.
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
import gzip, http.server, subprocess, threading

posts = []

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def do_GET(self):
        refs = subprocess.run(["git", "upload-pack", "--advertise-refs", self.path[1:].split("/")[0]], capture_output=True).stdout
        self.reply("advertisement", b"001e# service=git-upload-pack\n0000" + refs)
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        coding = self.headers["Content-Encoding"]
        if coding == "gzip": body = gzip.decompress(body)
        posts.append((coding, len(body)))
        done = subprocess.run(["git", "upload-pack", "--stateless-rpc", self.path[1:].split("/")[0]], input=body, capture_output=True).stdout
        self.reply("result", done)
    def reply(self, kind, body):
        self.send_response(200)
        self.send_header("Content-Type", f"application/x-git-upload-pack-{kind}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

def git(*words):
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *words], check=True, capture_output=True)

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"
for branches in 1, 40:
    git("init", "-q", "--bare", f"bare{branches}")
    git("init", "-q", f"work{branches}")
    for i in range(branches):
        git("-C", f"work{branches}", "commit", "-qm", "x", "--allow-empty")
        git("-C", f"work{branches}", "push", "-q", f"../bare{branches}", f"HEAD:refs/heads/branch{i}")
    git("clone", "-q", "-b", "branch0", f"http://127.0.0.1:{server.server_port}/bare{branches}", f"copy{branches}")
    coding, size = posts.pop()
    print(f"clone, {branches} branches: {'more than' if size > 1024 else 'at most'} 1024 bytes, Content-Encoding: {coding}")
PY
python3 seen.py | tee seen

diff - seen <<'EOF'
clone, 1 branches: at most 1024 bytes, Content-Encoding: None
clone, 40 branches: more than 1024 bytes, Content-Encoding: gzip
EOF
