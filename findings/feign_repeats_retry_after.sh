#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Feign takes a Retry-After in any response that is an error, even a 404 or 500, as the order to repeat: it sends the request up to five times, a
# POST too, each time after what Retry-After says, and then throws. Without the field it sends the request once.
#
# Seen: Feign 13.13, 2026-11-30.
# For us: Retry-After on a response whose handler has acted makes it act five times. It belongs to requests that nothing was done for.
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
      <groupId>io.github.openfeign</groupId>
      <artifactId>feign-core</artifactId>
      <version>13.13</version>
    </dependency>
  </dependencies>
</project>
XML
mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib

cat >Seen.java <<'JAVA'
import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import feign.Feign;
import feign.FeignException;
import feign.RequestLine;

public class Seen {
  public interface Shop {
    @RequestLine("POST /")
    String order(String what);
  }

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
    for (String path : new String[] {"/503", "/503/1", "/429/1", "/500/1", "/404/1"}) {
      requests = 0;
      Shop shop = Feign.builder().target(Shop.class, "http://127.0.0.1:" + server.getAddress().getPort() + path);
      try {
        shop.order("an order");
      } catch (FeignException error) {
        System.out.println("POST " + path + ": the program gets " + error.getClass().getSimpleName() + ", the server " + requests + " requests");
      }
    }
    server.stop(0);
  }
}
JAVA
{
  basename lib/feign-core-*.jar
  java -cp 'lib/*' Seen.java 2>/dev/null
} | tee seen

diff - seen <<'EOF'
feign-core-13.13.jar
POST /503: the program gets ServiceUnavailable, the server 1 requests
POST /503/1: the program gets RetryableException, the server 5 requests
POST /429/1: the program gets RetryableException, the server 5 requests
POST /500/1: the program gets RetryableException, the server 5 requests
POST /404/1: the program gets RetryableException, the server 5 requests
EOF
