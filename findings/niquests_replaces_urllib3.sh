#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# If niquests is installed, other programs of the same environment get another HTTP client without knowing: it brings urllib3-future, which
# takes the place of the module urllib3, so requests is built on that from then on, though pip still lists the old version. One thing that
# changes: a 103 is skipped, where requests alone takes it for the response.
#
# Seen: requests 2.34.2 and urllib3 2.8.0, with niquests 3.21.2 and urllib3-future 2.25.904, 2026-11-30.
# For us: "python-requests/2.34.2" in User-Agent does not say what reads the response; ask a reporter for urllib3.__version__.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

cat >seen.py <<'PY'
import importlib.metadata, requests, socket, threading, urllib3

def ask(response):
    """What requests makes of these bytes."""
    listener = socket.create_server(("127.0.0.1", 0))
    def serve():
        connection = listener.accept()[0]
        fields.append(connection.recv(65536).decode())
        connection.sendall(response)
    threading.Thread(target=serve, daemon=True).start()
    try:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(f"http://127.0.0.1:{listener.getsockname()[1]}/", timeout=10).status_code
    except requests.RequestException as error:
        return type(error).__name__

fields = []
print("  103, then 200:", ask(b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"
                                b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
print("  User-Agent:", fields[0].split("User-Agent: ")[1].split("\r\n")[0])
print("  pip says urllib3", importlib.metadata.version("urllib3") + ", the module is", urllib3.__version__)
PY

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check requests==2.34.2 urllib3==2.8.0
{
  echo "requests alone"
  venv/bin/python seen.py
  venv/bin/pip install -q --disable-pip-version-check niquests==3.21.2 urllib3-future==2.25.904
  echo "with niquests installed"
  venv/bin/python seen.py
} | tee seen

diff - seen <<'EOF'
requests alone
  103, then 200: 103
  User-Agent: python-requests/2.34.2
  pip says urllib3 2.8.0, the module is 2.8.0
with niquests installed
  103, then 200: 200
  User-Agent: python-requests/2.34.2
  pip says urllib3 2.8.0, the module is 2.25.904
EOF
