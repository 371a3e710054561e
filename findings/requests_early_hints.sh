#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# requests takes a 103 (Early Hints) for the response: status 103, no body. It keeps the connection, and if the real response arrives only
# after the next request has been sent, that one gets it: each response goes to the request after its own, with status 200.
#
# Seen: requests 2.34.2 with urllib3 2.8.0, Python 3.11, 2026-11-30.
# For us: a server may send 103 only to clients that are known to understand it. It is not enough that the program reads the first status.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check requests==2.34.2 urllib3==2.8.0

cat >seen.py <<'PY'
import requests, socket, threading, urllib3

listener = socket.create_server(("127.0.0.1", 0))

def serve():
    connection = listener.accept()[0]
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    late = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
    for line in connection.makefile("rb"):
        if not line.startswith(b"GET "): continue
        connection.sendall(late)     # each response is complete only when the next request has come
        late = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + line.split()[1]

threading.Thread(target=serve, daemon=True).start()
print("requests", requests.__version__, "urllib3", urllib3.__version__)
with requests.Session() as session:
    session.trust_env = False
    for path in "/1", "/2", "/3":
        response = session.get(f"http://127.0.0.1:{listener.getsockname()[1]}{path}", timeout=10)
        print(f"GET {path}: {response.status_code} {response.text!r}")
PY
venv/bin/python seen.py | tee seen

diff - seen <<'EOF'
requests 2.34.2 urllib3 2.8.0
GET /1: 103 ''
GET /2: 200 '/1'
GET /3: 200 '/2'
EOF
