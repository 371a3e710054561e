#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# OkHttp sends a request again after a 408, a POST too, at once, without telling the program. It does the same after
# a 503 whose Retry-After is 0, but not after one whose Retry-After is 1.
#
# Seen: OkHttp 5.5.1, 2026-11-30.
# For us: 408 may only be the response to a request that has not reached a handler. A server that sends Retry-After: 0 is taken literally.
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
      <groupId>com.squareup.okhttp3</groupId>
      <artifactId>okhttp-jvm</artifactId>
      <version>5.5.1</version>
    </dependency>
  </dependencies>
</project>
XML
mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib

cat >Seen.java <<'JAVA'
import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;

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
    System.out.println("okhttp " + okhttp3.OkHttp.VERSION);
    OkHttpClient client = new OkHttpClient();
    for (String path : new String[] {"/500", "/408", "/503", "/503/0", "/503/1"}) {
      requests = 0;
      var post = new Request.Builder().url("http://127.0.0.1:" + server.getAddress().getPort() + path);
      try (var response = client.newCall(post.post(RequestBody.create("an order", null)).build()).execute()) {
        System.out.println("POST " + path + ": the program sees " + response.code() + ", the server " + requests + " requests");
      }
    }
    System.exit(0);
  }
}
JAVA
java -cp 'lib/*' Seen.java 2>/dev/null | tee seen

diff - seen <<'EOF'
okhttp 5.5.1
POST /500: the program sees 500, the server 1 requests
POST /408: the program sees 408, the server 2 requests
POST /503: the program sees 503, the server 1 requests
POST /503/0: the program sees 503, the server 2 requests
POST /503/1: the program sees 503, the server 1 requests
EOF
