#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Apache HttpClient sends a request again if the response is 503 or 429: any request, a POST too, once, after a second or what Retry-After
# says, and without telling the program.
#
# Seen: Apache HttpClient 5.6.5, 2026-11-30.
# For us: a handler that has acted on a POST and then responds 503 (a timeout, a drain) is called a second time.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

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

cat >Seen.java <<'JAVA'
import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.core5.http.io.entity.StringEntity;
import org.apache.hc.core5.util.VersionInfo;

public class Seen {
  static int requests;

  public static void main(String[] arguments) throws Exception {
    HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", exchange -> {      // /STATUS or /STATUS/SECONDS, for Retry-After
      ++requests;
      exchange.getRequestBody().readAllBytes();
      String[] path = exchange.getRequestURI().getPath().split("/");
      if (path.length > 2) exchange.getResponseHeaders().set("Retry-After", path[2]);
      exchange.sendResponseHeaders(Integer.parseInt(path[1]), -1);
      exchange.close();
    });
    server.start();
    System.out.println("httpclient5 " + VersionInfo.loadVersionInfo("org.apache.hc.client5", null).getRelease());
    try (var client = HttpClients.createDefault()) {
      for (String path : new String[] {"/500", "/429", "/503", "/503/2"}) {
        requests = 0;
        var post = new HttpUriRequestBase("POST", new java.net.URI("http://127.0.0.1:" + server.getAddress().getPort() + path));
        post.setEntity(new StringEntity("an order"));
        long start = System.nanoTime();
        int status = client.execute(post, response -> response.getCode());
        long seconds = (System.nanoTime() - start) / 1_000_000_000;
        System.out.println("POST " + path + ": the program sees " + status + " after " + seconds + " s, the server " + requests + " requests");
      }
    }
    server.stop(0);
  }
}
JAVA
java -cp 'lib/*' Seen.java 2>/dev/null | tee seen

diff - seen <<'EOF'
httpclient5 5.6.5
POST /500: the program sees 500 after 0 s, the server 1 requests
POST /429: the program sees 429 after 1 s, the server 2 requests
POST /503: the program sees 503 after 1 s, the server 2 requests
POST /503/2: the program sees 503 after 2 s, the server 2 requests
EOF
