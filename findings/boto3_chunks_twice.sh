#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The same boto3 call sends other bytes over https than over http. Over http the body is the object. Over https it is framed twice: by
# Transfer-Encoding: chunked, and within that by Content-Encoding: aws-chunked, with a checksum in what looks like a trailer but is a part of
# the body. A server that ignores Content-Encoding stores 46 bytes instead of 5, and a test over http never shows it.
#
# Seen: boto3 1.44.5, 2026-11-30.
# For us: HTTP's own chunks and trailers are read by the server, these are not; that is right, and a handler for S3 must do it itself.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check boto3==1.44.5
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -subj /CN=127.0.0.1 \
  -addext subjectAltName=IP:127.0.0.1 2>/dev/null

cat >seen.py <<'PY'
import boto3, botocore.config, http.server, ssl, threading

bodies = []

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def do_PUT(self):
        if self.headers["Transfer-Encoding"] == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        bodies.append((self.headers["Transfer-Encoding"], self.headers["Content-Encoding"], body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

print("boto3", boto3.__version__)
for scheme in "http", "https":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if scheme == "https":
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain("cert.pem", "key.pem")
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = botocore.config.Config(s3={"addressing_style": "path"}, proxies={})
    client = boto3.client("s3", endpoint_url=f"{scheme}://127.0.0.1:{server.server_port}", region_name="x", verify="cert.pem",
                          aws_access_key_id="a", aws_secret_access_key="b", config=config)
    client.put_object(Bucket="b", Key="k", Body=b"hello")
    transfer, content, body = bodies.pop()
    print(f"{scheme}: Transfer-Encoding {transfer}, Content-Encoding {content}, {len(body)} bytes: {body!r}")
PY
venv/bin/python seen.py | tee seen

diff - seen <<'EOF'
boto3 1.44.5
http: Transfer-Encoding None, Content-Encoding None, 5 bytes: b'hello'
https: Transfer-Encoding chunked, Content-Encoding aws-chunked, 46 bytes: b'5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n'
EOF
