// SPDX-License-Identifier: Apache-2.0
//
// Java's HttpClient with uploads, ranges and cookies: java ContentClient.java http://HOST:PORT. Prints "ok". It offers HTTP/2
// ("Upgrade: h2c") in its first requests, as it does unless it is told otherwise.

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.net.CookieManager;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Random;

public class ContentClient {
  static final HttpClient client = HttpClient.newBuilder().cookieHandler(new CookieManager()).build();
  static String base;

  static void check(boolean good, Object what) {
    if (!good) throw new IllegalStateException(String.valueOf(what));
  }

  static void expect(Object got, Object wanted) {
    check(wanted.equals(got), got + " in place of " + wanted);
  }

  static HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(base + path));
  }

  static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return client.send(request.build(), BodyHandlers.ofString());
  }

  static long sum(byte[] bytes) {
    long total = 0;
    for (byte b : bytes) total += b & 0xff;
    return total;
  }

  static void uploads() throws Exception {
    byte[] large = new byte[3_000_000];
    new Random(7).nextBytes(large);
    ByteArrayOutputStream form = new ByteArrayOutputStream();
    form.write("--xYz\r\nContent-Disposition: form-data; name=\"a\"; filename=\"large.bin\"\r\n\r\n".getBytes(StandardCharsets.UTF_8));
    form.write(large);
    form.write("\r\n--xYz--\r\n".getBytes(StandardCharsets.UTF_8));
    HttpResponse<String> response = send(request("/upload").header("Content-Type", "multipart/form-data; boundary=xYz")
        .POST(BodyPublishers.ofByteArray(form.toByteArray())));
    expect(response.body(), "[{\"name\":\"a\",\"file_name\":\"large.bin\",\"size\":3000000,\"sum\":" + sum(large) + "}]");
    // With a length; in chunks; and only after the server has said that it will read.
    String saved = "{\"size\":3000000,\"sum\":" + sum(large) + "}";
    expect(send(request("/save").PUT(BodyPublishers.ofByteArray(large))).body(), saved);
    expect(send(request("/save").PUT(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(large)))).body(), saved);
    expect(send(request("/save").expectContinue(true).PUT(BodyPublishers.ofByteArray(large))).body(), saved);
  }

  static HttpResponse<String> part(String range, String... fields) throws Exception {
    HttpRequest.Builder request = request("/files/numbers.txt").header("Range", range);
    if (fields.length > 0) request.headers(fields);
    return send(request);
  }

  static void ranges() throws Exception {
    HttpResponse<String> whole = send(request("/files/numbers.txt"));
    String text = whole.body();
    String tag = whole.headers().firstValue("ETag").get();
    HttpResponse<String> first = part("bytes=0-9");
    expect(first.statusCode(), 206);
    expect(first.body(), text.substring(0, 10));
    expect(first.headers().firstValue("Content-Range").get(), "bytes 0-9/" + text.length());
    expect(part("bytes=-7").body(), text.substring(text.length() - 7));
    expect(part("bytes=" + text.length() + "-").statusCode(), 416);
    expect(part("bytes=5-9", "If-Range", tag).body(), text.substring(5, 10));
    expect(part("bytes=5-9", "If-Range", "\"other\"").body(), text);
    expect(part("bytes=5-9", "If-None-Match", tag).statusCode(), 304);
    expect(part("bytes=5-9", "If-Match", "\"other\"").statusCode(), 412);
    HttpResponse<String> several = part("bytes=0-4,100-104");
    String type = several.headers().firstValue("Content-Type").get();
    String[] pieces = several.body().split("--" + type.substring(type.indexOf("boundary=") + 9).replace("\"", ""));
    expect(pieces.length, 4);
    check(pieces[1].endsWith("\r\n\r\n" + text.substring(0, 5) + "\r\n"), pieces[1]);
    check(pieces[2].endsWith("\r\n\r\n" + text.substring(100, 105) + "\r\n"), pieces[2]);
  }

  // Java takes a cookie with Max-Age for one of RFC 2965, and sends its value back in quotes.
  static void cookies() throws Exception {
    for (String visits : new String[] {"i", "ii", "iii"}) expect(send(request("/visit?session")).body(), visits);
  }

  public static void main(String[] arguments) throws Exception {
    base = arguments[0];
    uploads();
    ranges();
    cookies();
    System.out.println("ok");
  }
}
