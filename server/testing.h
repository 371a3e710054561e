// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_TESTING_H_
#define WEFT_SERVER_TESTING_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/handlers/handler.h>
#include <weft/net/tls_options.h>
#include <weft/server/options.h>

// Tests of a service over the wire, without a network: a complete server on in-memory streams, and
// a client for it (Go's httptest.NewServer). If the wire does not matter, Recorder in
// handlers/testing.h is simpler and faster. This header needs the library weft::testing.
//
//   TEST(Greet, SaysTheName) {
//     weft::Error err = weft::RunTest([](const weft::Context& ctx) -> weft::Error {
//       weft::TestServer server(ctx, MakeMux());
//       weft::Result<weft::TestClient> client = server.Connect(ctx);
//       if (weft::Error failed = client.Err()) return failed;
//       weft::Result<weft::TestResponse> response = client->Get(ctx, "/hello/anna");
//       if (weft::Error failed = response.Err()) return failed;
//       EXPECT_EQ(response->status, 200);
//       EXPECT_EQ(response->body, "Hello, anna!");
//       return server.Stop();
//     });
//     EXPECT_FALSE(err) << err.Message();
//   }
//
// In a fiber everything runs on that fiber's scheduler. Under RunTest (concurrency/testing.h) it
// also runs in virtual time, so that testing a timeout of a minute takes no time. On a plain thread
// the server gets threads of its own.
//
// The in-memory streams are Unix-domain sockets with an abstract name: what one side has sent, the
// other can read at once, without a network. On these, a reader cannot distinguish a reset from a
// close.

namespace weft {

class HttpClient;
namespace internal {
class TestWire;
}

// A response of a server.
struct TestResponse {
  int status = 0;
  std::string version;                                      // "HTTP/1.1", "HTTP/2.0"
  std::vector<std::pair<std::string, std::string>> header;  // unchanged
  std::string body;                                         // without its framing
  std::vector<std::pair<std::string, std::string>> trailer;

  // The first field of this name, in any case; empty if there is none.
  std::string_view Header(std::string_view name) const;
  bool Has(std::string_view name) const;
};
// The old name, for one release.
using TestAnswer [[deprecated("weft::TestResponse")]] = TestResponse;

// One connection of a client, which sends exactly the bytes that it is given. For one fiber or
// thread at a time, except that one may send while another one reads. The destructor closes the
// connection.
//
// Calls that take a context park the fiber. On a plain thread they block it, and notice a
// cancellation some milliseconds later. Errors: the context's; the socket's
// (Is(std::errc::connection_reset)); kClosed if the server has closed the connection instead of
// sending what was asked for.
class TestClient {
 public:
  // Connects to an address as ServerOptions::on_listen reports it: "http://127.0.0.1:8080",
  // "unix:/run/app.sock".
  static Result<TestClient> Dial(const Context& ctx, std::string_view bound);
  // The same with a TLS handshake: "https://127.0.0.1:8443", "unix:/run/app.sock". The server must
  // prove that it is options.server_name; empty: the host of the address.
  static Result<TestClient> DialTls(const Context& ctx, std::string_view bound,
                                    const TlsClientOptions& options);

  // The same over HTTP/2: in plain text by prior knowledge (ServerOptions::http2_cleartext); with
  // `tls`, by ALPN. What the test sends and receives looks like HTTP/1.1, except for "HTTP/2.0" in
  // the status line and lowercase names. Each request becomes a stream, and responses arrive in the
  // order of the requests. A response that is reset looks like a connection that is.
  static Result<TestClient> DialHttp2(const Context& ctx, std::string_view bound);
  static Result<TestClient> DialHttp2(const Context& ctx, std::string_view bound,
                                      const TlsClientOptions& tls);

  TestClient(TestClient&& other) noexcept;
  TestClient& operator=(TestClient&& other) noexcept;
  ~TestClient();

  // Sends all bytes, and waits while the server does not take them.
  Error Send(const Context& ctx, std::string_view bytes);

  // The next bytes that arrive, at least one; empty at the end of the stream.
  Result<std::string> ReadSome(const Context& ctx);
  // Everything up to and including `text`.
  Result<std::string> ReadUntil(const Context& ctx, std::string_view text);
  // Exactly this many bytes.
  Result<std::string> ReadCount(const Context& ctx, std::size_t bytes);
  // Everything until the server closes.
  Result<std::string> ReadToEnd(const Context& ctx);
  // The next response, to a request with this method. An interim response (1xx) counts as one. An
  // incomplete response is an error that says what arrived. After 101, and after 2xx for CONNECT,
  // another protocol follows: use Send and the reads above.
  Result<TestResponse> ReadResponse(const Context& ctx, std::string_view method = "GET");
  [[deprecated("ReadResponse")]]
  Result<TestResponse> ReadAnswer(const Context& ctx, std::string_view method = "GET") {
    return ReadResponse(ctx, method);
  }

  // Sends a request and reads its response, skipping interim ones. `fields` are complete lines,
  // each with its CRLF. A body gets its Content-Length, unless the fields already frame it.
  Result<TestResponse> Get(const Context& ctx, std::string_view target,
                           std::string_view fields = {});
  Result<TestResponse> Post(const Context& ctx, std::string_view target, std::string_view body,
                          std::string_view fields = {});
  Result<TestResponse> Do(const Context& ctx, std::string_view method, std::string_view target,
                        std::string_view fields = {}, std::string_view body = {});

  // Closes the sending side: the server sees the end of what the client sends, but can still
  // respond. Over TLS a close_notify is sent first; without it: shutdown(Descriptor(), SHUT_WR).
  void CloseSend();
  // Closes the connection.
  void Close();
  // Breaks the connection (a TCP reset; on other sockets the same as Close).
  void Reset();

  int Descriptor() const;
  // What was negotiated in the handshake; null without TLS.
  const TlsInfo* Tls() const;
  // Over TLS, at the end of what the server sends: whether it has announced this end.
  bool SawCloseNotify() const;

 private:
  explicit TestClient(std::unique_ptr<internal::TestWire> wire);
  Error Fill(const Context& ctx);
  Result<std::string> Take(std::size_t bytes);
  Error ReadChunks(const Context& ctx, TestResponse& response);
  Error ReadFields(const Context& ctx, std::vector<std::pair<std::string, std::string>>& fields);

  std::unique_ptr<internal::TestWire> wire_;
  std::string read_;  // arrived, but was not asked for yet
  bool ended_ = false;
};

// A server for one test. The constructor starts it, and returns when it listens. The destructor
// stops it and waits, so declare what the handler uses before it.
//
// It listens on an in-memory stream unless options.address differs from its default. If it cannot
// start, Bound() is empty and Stop() says why.
class TestServer {
 public:
  // The requests get the values of `ctx`. When it is done, the server drains.
  TestServer(const Context& ctx, Handler handler, ServerOptions options = {});
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  // Where it listens, as ServerOptions::on_listen reports it.
  const std::string& Bound() const;

  // A client of this server. If the server uses TLS, the client trusts it (and presents no
  // certificate).
  Result<TestClient> Connect(const Context& ctx) const;

  // The same over HTTP/2. In plain text the server needs ServerOptions::http2_cleartext.
  Result<TestClient> ConnectHttp2(const Context& ctx) const;

  // A client for this server alone, whatever the host of the URL: Client().Get(ctx,
  // server.Url("/hello")). It speaks HTTP/1.1. Only in a fiber. It ends with the server, so its
  // responses must end before that.
  HttpClient& Client();
  // "http://test-server/hello"; "https://..." if it uses TLS.
  std::string Url(std::string_view target) const;

  // Starts the drain, without waiting for it.
  void BeginDrain();
  // Waits until ListenAndServe has returned, and returns its result. While that takes long, it
  // prints to stderr, again and again, which fibers are alive and what they wait for.
  Error Join();
  // BeginDrain and Join.
  Error Stop();

 private:
  struct State;
  TlsClientOptions ClientTls() const;
  std::unique_ptr<State> state_;
};

}  // namespace weft

#endif  // WEFT_SERVER_TESTING_H_
