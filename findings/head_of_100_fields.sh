#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A response of 100 short fields, 2 KB in all, is an error for requests ("got more than 100 headers", as for everything on Python's
# http.client) and for Apache HttpClient. Both count fields, not bytes: a single field of 8000 bytes is fine. curl, Go and OkHttp read them.
#
# Seen: requests 2.34.2 with urllib3 2.8.0 on Python 3.11, Apache HttpClient 5.6.5, 2026-11-30.
# For us: many Set-Cookie or Server-Timing fields in one response reach some clients as no response at all.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check requests==2.34.2 urllib3==2.8.0
cat >pom.xml <<'XML'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.example</groupId>
  <artifactId>seen</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.httpcomponents.client5</groupId>
      <artifactId>httpclient5</artifactId>
      <version>5.6.5</version>
    </dependency>
  </dependencies>
</project>
XML
mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib

cat >Ask.java <<'JAVA'
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.impl.classic.HttpClients;

public class Ask {
  public static void main(String[] urls) throws Exception {
    try (var client = HttpClients.createDefault()) {
      for (String url : urls) {
        try {
          int status = client.execute(new HttpGet(url), response -> response.getCode());
          System.out.println(status);
        } catch (java.io.IOException error) {
          System.out.println(error.getMessage());
        }
      }
    }
  }
}
JAVA
cat >seen.py <<'PY'
import requests, socket, subprocess, threading

def serve(connection):
    with connection:
        request = connection.recv(65536)
        count, size = map(int, request.split()[1][1:].split(b"x"))
        fields = b"".join(b"X-%d: %s\r\n" % (i, b"a" * size) for i in range(count - 1))
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + fields + b"\r\n")
        connection.shutdown(socket.SHUT_WR)

def accept():
    while True: threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=accept, daemon=True).start()
heads = ["99x8", "100x8", "2x8000"]
urls = [f"http://127.0.0.1:{listener.getsockname()[1]}/{head}" for head in heads]
java = subprocess.run(["java", "-cp", "lib/*", "Ask.java", *urls], capture_output=True, text=True, check=True).stdout.splitlines()
session = requests.Session()
session.trust_env = False
for head, url, other in zip(heads, urls, java):
    try:
        python = session.get(url).status_code
    except requests.RequestException as error:
        python = "got more than 100 headers" if "got more than 100 headers" in str(error) else error
    print(f"{head.replace('x', ' fields, a value has at most ')} bytes: requests: {python}; HttpClient: {other}")
PY
venv/bin/python seen.py | tee seen

diff - seen <<'EOF'
99 fields, a value has at most 8 bytes: requests: 200; HttpClient: 200
100 fields, a value has at most 8 bytes: requests: got more than 100 headers; HttpClient: Maximum header count exceeded
2 fields, a value has at most 8000 bytes: requests: 200; HttpClient: 200
EOF
