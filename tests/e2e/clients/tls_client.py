# SPDX-License-Identifier: Apache-2.0
#
# usage: tls_client.py https://127.0.0.1:PORT CA.pem
# Verifies the server, keeps a connection, sends a large body, and reads a response that ends with the connection.
import http.client
import ssl
import sys
import urllib.parse

url = urllib.parse.urlparse(sys.argv[1])
context = ssl.create_default_context(cafile=sys.argv[2])


def connect():
    return http.client.HTTPSConnection(url.hostname, url.port, context=context)


kept = connect()
for _ in range(3):
    kept.request("GET", "/hello")
    response = kept.getresponse()
    assert response.status == 200 and response.read() == b"hello", response.status

body = bytes(range(256)) * 20000
kept.request("POST", "/echo", body)
assert kept.getresponse().read() == body

old = connect()
old._http_vsn, old._http_vsn_str = 10, "HTTP/1.0"
old.request("GET", "/until-close")
assert len(old.getresponse().read()) == 200000

broken = connect()
broken.request("GET", "/broken")
try:
    broken.getresponse().read()
    raise SystemExit("a response that was broken off looked complete")
except (http.client.IncompleteRead, ssl.SSLError, ConnectionError):
    pass

try:
    untrusting = http.client.HTTPSConnection(url.hostname, url.port, context=ssl.create_default_context())
    untrusting.request("GET", "/hello")
    raise SystemExit("it trusts anybody")
except ssl.SSLCertVerificationError:
    pass

print("ok")
