# SPDX-License-Identifier: Apache-2.0
#
# Python's http.client: python_client.py http://HOST:PORT. Prints "ok N requests on M sockets".
import http.client
import os
import sys

address = sys.argv[1].removeprefix("http://")
requests = 0
sockets = set()


def ask(connection, method, path, body=None, headers={}, **more):
    global requests
    connection.request(method, path, body, headers, **more)
    requests += 1
    sockets.add(connection.sock.getsockname())
    response = connection.getresponse()
    data = response.read()
    assert response.status == 200, response.status
    return response, data


connection = http.client.HTTPConnection(address)
for _ in range(200):
    assert ask(connection, "GET", "/hello")[1] == b"hello"
response, data = ask(connection, "HEAD", "/hello")
assert data == b"" and response.getheader("Content-Length") == "5"
for size in (0, 1, 1000, 100_000):
    content = os.urandom(size)
    assert ask(connection, "POST", "/echo", content)[1] == content
    pieces = [content[i : i + 777] for i in range(0, size, 777)]
    assert ask(connection, "POST", "/echo", iter(pieces), {"Transfer-Encoding": "chunked"}, encode_chunked=True)[1] == content
assert len(ask(connection, "GET", "/big?n=3000000")[1]) == 3_000_000
response, data = ask(connection, "GET", "/hello", headers={"Connection": "close"})
assert response.getheader("Connection") == "close"
print(f"ok {requests} requests on {len(sockets)} sockets")
