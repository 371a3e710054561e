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

// Tests of a service over the wire, without a network: a whole server on in-memory streams, and a client for it
// (Go's httptest.NewServer). Where the wire does not matter, Recorder in handlers/testing.h is simpler and faster.
//
//   TEST(Greet, SaysTheName) {
//     weft::Error err = weft::RunTest([](const weft::Context& ctx) -> weft::Error {
//       weft::TestServer server(ctx, MakeMux());
//       weft::Result<weft::TestClient> client = server.Connect(ctx);
//       if (weft::Error failed = client.Err()) return failed;
//       weft::Result<weft::TestResponse> answer = client->Get(ctx, "/hello/anna");
//       if (weft::Error failed = answer.Err()) return failed;
//       EXPECT_EQ(answer->status, 200);
//       EXPECT_EQ(answer->body, "Hello, anna!");
//       return server.Stop();
//     });
//     EXPECT_FALSE(err) << err.Message();
//   }
//
// In a fiber everything runs on the scheduler of that fiber; under RunTest (concurrency/testing.h) also on its virtual
// time, so that a test of a timeout of a minute takes no time. On a plain thread the server gets threads of its own.
//
// The in-memory streams are unix sockets with an abstract name: what one side has sent, the other can read at once, and
// nothing passes a network. A reset cannot be told from a close on them by the one who reads.

namespace weft {

class HttpClient;
namespace internal {
class TestWire;
}

// What a server has responded.
struct TestResponse {
  int status = 0;
  std::string version;                                      // "HTTP/1.1", "HTTP/2.0"
  std::vector<std::pair<std::string, std::string>> header;  // as they came
  std::string body;                                         // without its framing
  std::vector<std::pair<std::string, std::string>> trailer;

  // The first field of this name, whatever its case; empty if there is none.
  std::string_view Header(std::string_view name) const;
  bool Has(std::string_view name) const;
};
// The old name, kept for one release.
using TestAnswer [[deprecated("weft::TestResponse")]] = TestResponse;

// One connection of a client, which sends exactly what it is told. It is used by one fiber or thread at a time, but for
// one that sends while another one reads. It closes the connection when it ends.
//
// Calls that take a context park the fiber until they are done, or until the context is; on a plain thread they block
// it, and see a cancel some milliseconds later. Errors: the context's, the socket's (Is(std::errc::connection_reset)),
// kClosed where the server has closed the connection instead of sending what was asked for.
class TestClient {
 public:
  // Connects to an address as ServerOptions::on_listen tells it: "http://127.0.0.1:8080", "unix:/run/app.sock".
  static Result<TestClient> Dial(const Context& ctx, std::string_view bound);
  // The same, and a TLS handshake: "https://127.0.0.1:8443", "unix:/run/app.sock". The server has to prove that it is
  // options.server_name; empty: the host of the address.
  static Result<TestClient> DialTls(const Context& ctx, std::string_view bound, const TlsClientOptions& options);

  // The same in HTTP/2: in plain text by prior knowledge (ServerOptions::http2_cleartext); with `tls`, by ALPN. What the test says and
  // hears is as over HTTP/1.1, but for "HTTP/2.0" in the status line and names in lower case: each request becomes a stream, and responses
  // are heard in the order of the requests. A response that is reset looks like a connection that is.
  static Result<TestClient> DialHttp2(const Context& ctx, std::string_view bound);
  static Result<TestClient> DialHttp2(const Context& ctx, std::string_view bound, const TlsClientOptions& tls);

  TestClient(TestClient&& other) noexcept;
  TestClient& operator=(TestClient&& other) noexcept;
  ~TestClient();

  // Sends all bytes, waiting while the server does not take them.
  Error Send(const Context& ctx, std::string_view bytes);

  // The next bytes that come, some at least; empty at the end of the stream.
  Result<std::string> ReadSome(const Context& ctx);
  // Everything up to and with `text`.
  Result<std::string> ReadUntil(const Context& ctx, std::string_view text);
  // Exactly so many bytes.
  Result<std::string> ReadCount(const Context& ctx, std::size_t bytes);
  // Everything until the server closes.
  Result<std::string> ReadToEnd(const Context& ctx);
  // The next answer, to a request of this method. An interim answer (1xx) counts as one. An answer that is not whole is
  // an error, which says what came. Behind 101, and behind 2xx to CONNECT, comes another protocol: Send and the Reads
  // above are its stream.
  Result<TestResponse> ReadResponse(const Context& ctx, std::string_view method = "GET");
  [[deprecated("ReadResponse")]] Result<TestResponse> ReadAnswer(const Context& ctx, std::string_view method = "GET") {
    return ReadResponse(ctx, method);
  }

  // Sends a request and reads its answer, passing over interim ones. `fields` are whole lines, each with its CRLF. A body gets its
  // Content-Length, unless they frame it already.
  Result<TestResponse> Get(const Context& ctx, std::string_view target, std::string_view fields = {});
  Result<TestResponse> Post(const Context& ctx, std::string_view target, std::string_view body,
                          std::string_view fields = {});
  Result<TestResponse> Do(const Context& ctx, std::string_view method, std::string_view target,
                        std::string_view fields = {}, std::string_view body = {});

  // Closes the sending side: the server sees the end of what the client says, but can still answer. Over TLS a
  // close_notify comes before it; without one: shutdown(Descriptor(), SHUT_WR).
  void CloseSend();
  // Closes the connection.
  void Close();
  // Breaks the connection (a TCP reset; on other sockets the same as Close).
  void Reset();

  int Descriptor() const;
  // What was agreed on in the handshake; null without TLS.
  const TlsInfo* Tls() const;
  // Over TLS, at the end of what the server sends: it has said that this is the end.
  bool SawCloseNotify() const;

 private:
  explicit TestClient(std::unique_ptr<internal::TestWire> wire);
  Error Fill(const Context& ctx);
  Result<std::string> Take(std::size_t bytes);
  Error ReadChunks(const Context& ctx, TestResponse& answer);
  Error ReadFields(const Context& ctx, std::vector<std::pair<std::string, std::string>>& fields);

  std::unique_ptr<internal::TestWire> wire_;
  std::string read_;  // came, but was not asked for yet
  bool ended_ = false;
};

// A server for one test. The constructor starts it and returns when it listens; the destructor stops it and waits, like
// ~Group, so declare what the handler touches before it.
//
// It listens on an in-memory stream unless options.address is set to something else than its default. If it cannot
// start, Bound() is empty and Stop() says why.
class TestServer {
 public:
  // `ctx`: values for the requests; when it is done, the server drains.
  TestServer(const Context& ctx, Handler handler, ServerOptions options = {});
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  // Where it listens, as ServerOptions::on_listen tells it.
  const std::string& Bound() const;

  // A client of this server; over TLS, if it speaks that, one that trusts it (and shows no certificate).
  Result<TestClient> Connect(const Context& ctx) const;

  // The same in HTTP/2. In plain text the server has to have ServerOptions::http2_cleartext.
  Result<TestClient> ConnectHttp2(const Context& ctx) const;

  // A client of this server alone, whatever the host of the URL: Client().Get(ctx, server.Url("/hello")). In a fiber. It ends with the
  // server, so its responses end before that.
  HttpClient& Client();
  // "http://test-server/hello"; "https://..." where it speaks TLS.
  std::string Url(std::string_view target) const;

  // Lets the drain begin, without waiting for it.
  void BeginDrain();
  // Waits until ListenAndServe has returned, and returns what it did. While that takes long it says on stderr, again and
  // again, which fibers live and what they wait for.
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
