// SPDX-License-Identifier: Apache-2.0
// Java's HttpClient, which fails its open requests at any GOAWAY.
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public class Client {
  static String base;
  static HttpClient client;

  static HttpRequest.Builder to(String path) {
    return HttpRequest.newBuilder(URI.create(base + path));
  }

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

  static int askOn() throws Exception {
    for (int answered = 0;; ++answered) {
      try {
        check("status", client.send(to("/nap").build(), BodyHandlers.ofString()).statusCode() == 200);
        Thread.sleep(5);
      } catch (ConnectException refused) {
        return answered;
      }
    }
  }

  public static void main(String[] args) throws Exception {
    base = args[0];
    client = HttpClient.newBuilder().sslContext(trusting(args[1])).version(HttpClient.Version.HTTP_2).build();
    client.send(to("/").build(), BodyHandlers.discarding());  // so that the next ones share a connection
    List<CompletableFuture<HttpResponse<String>>> many = new ArrayList<>();
    for (int i = 0; i < 60; ++i) many.add(client.sendAsync(to("/nap").build(), BodyHandlers.ofString()));
    for (var one : many) {
      check("60 at once", one.get().version() == HttpClient.Version.HTTP_2 && one.get().body().equals("rested"));
    }
    byte[] million = new byte[1 << 20];
    for (int i = 0; i < million.length; ++i) million[i] = (byte) (i % 251);
    byte[] echo = client.send(to("/echo").POST(BodyPublishers.ofByteArray(million)).build(), BodyHandlers.ofByteArray()).body();
    check("echo", Arrays.equals(echo, million));
    check("large", client.send(to("/big?n=5000000").build(), BodyHandlers.ofByteArray()).body().length == 5_000_000);
    check("early", client.send(to("/ignore").POST(BodyPublishers.ofByteArray(million)).build(), BodyHandlers.ofString()).body().equals("no need"));

    System.out.println("load");
    System.out.flush();
    var pool = Executors.newFixedThreadPool(Integer.parseInt(args[2]));
    List<Future<Integer>> asking = new ArrayList<>();
    for (int i = 0; i < Integer.parseInt(args[2]); ++i) asking.add(pool.submit(Client::askOn));
    int answered = 0;
    for (var one : asking) answered += one.get();
    System.out.println("Java " + System.getProperty("java.version") + ": " + answered + " answered");
    System.exit(0);
  }
}
