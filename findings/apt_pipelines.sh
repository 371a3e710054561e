#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# apt pipelines, by default, wherever it knows the checksum of what it gets, as for every package: once a first response has shown
# HTTP/1.1, it writes the next eleven requests at once. If the first response of that batch ends the connection (Connection: close), apt sends
# the ten others again on a new one, and from then on asks for one file at a time.
#
# Seen: apt 2.6.1 (Debian 12), 2026-11-30.
# For us: a server of packages gets pipelined requests every day, and must expect that those after a response that closes come again.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get -o APT::Sandbox::User=root download apt=2.6.1 libapt-pkg6.0=2.6.1 >/dev/null
for package in ./*.deb; do dpkg-deb -x "$package" root; done
export no_proxy=127.0.0.1,localhost NO_PROXY=127.0.0.1,localhost
libraries=$(dirname "$dir"/root/usr/lib/*/libapt-pkg.so.6.0)
LD_LIBRARY_PATH="$libraries" root/usr/bin/apt --version

cat >seen.py <<'PY'
import hashlib, os, socket, subprocess, sys, threading

def serve(connection, closes, reads):
    pending, responses = b"", 0
    with connection:
        while data := connection.recv(65536):
            reads.append(data.count(b"\r\n\r\n"))
            pending += data
            while b"\r\n\r\n" in pending:
                head, _, pending = pending.partition(b"\r\n\r\n")
                body = head.split()[1]
                responses += 1
                close = closes and responses == 2
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n%sContent-Length: %d\r\n\r\n%s"
                                   % (b"Connection: close\r\n" if close else b"", len(body), body))
                if close: return

def run(closes, files):
    listener = socket.create_server(("127.0.0.1", 0))
    connections = []
    def accept():
        while True:
            connection = listener.accept()[0]
            connections.append([])
            threading.Thread(target=serve, args=(connection, closes, connections[-1]), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()
    orders = "601 Configuration\nConfig-Item: Acquire::http::Proxy::127.0.0.1=DIRECT\n\n"
    for i in range(files):
        checksum = hashlib.sha256(b"/%d" % i).hexdigest()
        orders += (f"600 URI Acquire\nURI: http://127.0.0.1:{listener.getsockname()[1]}/{i}\n"
                   f"Filename: {os.getcwd()}/{closes}{i}\nExpected-SHA256: {checksum}\n\n")
    apt = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    apt.stdin.write(orders)
    apt.stdin.flush()
    done = 0
    for line in apt.stdout:
        done += line.startswith("201 URI Done")
        if done == files: break
    apt.kill()
    return connections

print("kept connection, requests in the first two reads:", run(False, 25)[0][:2])
first, *others = run(True, 25)
print("requests for 25 files, if the first of a batch ends the connection:", sum(map(sum, [first, *others])))
print("at once, after that:", max(map(max, others)))
PY
LD_LIBRARY_PATH="$libraries" timeout 60 python3 seen.py "$dir/root/usr/lib/apt/methods/http" | tee seen

diff - seen <<'EOF'
kept connection, requests in the first two reads: [1, 11]
requests for 25 files, if the first of a batch ends the connection: 35
at once, after that: 1
EOF
