#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# boto3 asks by Expect: 100-continue before each PutObject, even of 5 bytes, and waits a second for the 100. A server that sends none, because
# it has never seen a request for 5 bytes, is a second slower for each object. A final response in place of the 100 is taken, and then the
# body is not sent.
#
# Seen: boto3 1.44.5, 2026-11-30. Nothing else that was tried asks by itself, except curl for more than 1 MiB.
# For us: an S3 client gets its 100 from a handler of ours as soon as the handler reads the body; a handler that responds 413 or 503 first
# saves the upload, and must expect that the next request comes right after the head.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check boto3==1.44.5

cat >seen.py <<'PY'
import boto3, botocore.config, socket, threading, time

listener = socket.create_server(("127.0.0.1", 0))
mode, seen = "", []

def serve(connection):
    lines = connection.makefile("rb")
    while request := lines.readline():
        fields = {}
        while line := lines.readline().strip():
            name, _, value = line.decode().partition(":")
            fields[name.lower()] = value.strip()
        start = time.monotonic()
        if mode == "503 at once":
            connection.sendall(b"HTTP/1.1 503 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            seen.append(f"Expect: {fields.get('expect')}, then {len(lines.read())} bytes")
            connection.close()
            return
        if mode == "100 at once": connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = lines.read(int(fields["content-length"]))
        seen.append(f"Expect: {fields.get('expect')}, {len(body)} bytes after {time.monotonic() - start:.0f} s")
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

def accept():
    while True: threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

threading.Thread(target=accept, daemon=True).start()
print("boto3", boto3.__version__)
config = botocore.config.Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, proxies={})
for mode in "100 at once", "no 100", "503 at once":
    client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{listener.getsockname()[1]}", region_name="x",
                          aws_access_key_id="a", aws_secret_access_key="b", config=config)
    try:
        client.put_object(Bucket="b", Key="k", Body=b"hello")
        result = "done"
    except Exception as error:
        result = type(error).__name__
    client.close()
    while not seen: time.sleep(0.01)
    print(f"{mode}: {seen.pop()}; {result}")
PY
venv/bin/python seen.py | tee seen

diff - seen <<'EOF'
boto3 1.44.5
100 at once: Expect: 100-continue, 5 bytes after 0 s; done
no 100: Expect: 100-continue, 5 bytes after 1 s; done
503 at once: Expect: 100-continue, then 0 bytes; ClientError
EOF
