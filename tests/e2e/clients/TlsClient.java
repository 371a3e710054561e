// SPDX-License-Identifier: Apache-2.0
//
// Java's HttpClient over HTTP/1.1 and TLS: java TlsClient.java https://127.0.0.1:PORT CA.pem. Prints "ok".
// Verifies the server, keeps a connection, sends a large body, reads a response that ends with the connection, and meets one that is
// broken off.
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Arrays;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

public class TlsClient {
  static URI base;

  static void check(String what, boolean holds) {
    if (!holds) throw new IllegalStateException(what);
  }

  static SSLContext trusting(String file) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (var in = Files.newInputStream(Path.of(file))) {
      store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  static HttpRequest.Builder to(String path) {
    return HttpRequest.newBuilder(base.resolve(path));
  }

  // By hand, since the client above speaks no HTTP/1.0: everything up to the close_notify, without which Java's sockets report an error.
  static byte[] untilClose(SSLContext context) throws Exception {
    try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(base.getHost(), base.getPort())) {
      socket.getOutputStream().write("GET /until-close HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      return socket.getInputStream().readAllBytes();
    }
  }

  public static void main(String[] args) throws Exception {
    base = URI.create(args[0] + "/");
    SSLContext context = trusting(args[1]);
    HttpClient client = HttpClient.newBuilder().sslContext(context).version(HttpClient.Version.HTTP_1_1).build();
    for (int i = 0; i < 3; ++i) {
      HttpResponse<String> hello = client.send(to("hello").build(), BodyHandlers.ofString());
      check("HTTP/1.1", hello.version() == HttpClient.Version.HTTP_1_1);
      check("hello", hello.statusCode() == 200 && hello.body().startsWith("hello"));
    }
    byte[] body = new byte[5_000_000];
    for (int i = 0; i < body.length; ++i) body[i] = (byte) (i % 251);
    byte[] echo = client.send(to("echo").POST(BodyPublishers.ofByteArray(body)).build(), BodyHandlers.ofByteArray()).body();
    check("echo", Arrays.equals(echo, body));

    String text = new String(untilClose(context), StandardCharsets.US_ASCII);
    check("until close", text.length() - text.indexOf("\r\n\r\n") - 4 == 200_000);
    boolean broke = false;
    try {
      client.send(to("broken").build(), BodyHandlers.ofByteArray());
    } catch (IOException expected) {
      broke = true;
    }
    check("a response that was broken off looked complete", broke);
    boolean refused = false;
    try {
      HttpClient.newHttpClient().send(to("hello").build(), BodyHandlers.ofString());
    } catch (SSLHandshakeException expected) {
      refused = true;
    }
    check("it trusts anybody", refused);
    System.out.println("ok");
    System.exit(0);
  }
}
