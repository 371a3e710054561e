// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_TESTING_H_
#define WEFT_HANDLERS_TESTING_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/memory_stream.h>
#include <weft/handlers/handler.h>

// Tests of handlers and middleware without a server and without sockets (Go's httptest.NewRequest
// and NewRecorder):
//
//   TEST(Greet, SaysTheName) {
//     weft::Recorder recorder;
//     recorder.Serve(MakeMux(), weft::RequestBuilder("GET", "/hello/anna"));
//     EXPECT_EQ(recorder.Status(), 200);
//     EXPECT_EQ(recorder.Body(), "Hello, anna!");
//   }
//
// They work on a plain thread and in a fiber. For handlers that wait, use RunTest
// (concurrency/testing.h). This header needs the library weft::testing.

namespace weft {

// Describes the request of a test. Each member returns the builder, so that calls can be chained.
// One builder may be served several times.
class RequestBuilder {
 public:
  // The target may be a path with a query, or "http://host/path", which also sets the host.
  explicit RequestBuilder(std::string method = "GET", std::string target = "/");

  RequestBuilder& Header(std::string_view name, std::string_view value);
  // Also what Request::Host returns. The default is "example.com".
  RequestBuilder& Host(std::string host);
  // A body with a declared length.
  RequestBuilder& Body(std::string body);
  // A body of unknown length. Each Read returns at most one piece.
  RequestBuilder& BodyInPieces(std::vector<std::string> pieces);
  // The error that reading ends with after the body, such as kClientGone.
  RequestBuilder& BodyError(Error error);
  // The server's limit. The default is 1 MiB; kUnlimited removes it.
  RequestBuilder& BodyLimit(std::uint64_t bytes);
  // A field after the body.
  RequestBuilder& Trailer(std::string_view name, std::string_view value);
  // The parent of Request::Ctx. The default is CurrentContext().
  RequestBuilder& Context(weft::Context ctx);
  RequestBuilder& Draining(weft::Context ctx);
  RequestBuilder& Peer(std::string peer);
  RequestBuilder& Version(int major, int minor);
  RequestBuilder& Secure(bool secure = true);

 private:
  friend class Recorder;
  struct NameValue {
    std::string name;
    std::string value;
  };

  std::string method_;
  std::string target_;
  std::string host_ = "example.com";
  std::string peer_ = "192.0.2.1:1234";
  std::vector<NameValue> header_;
  std::vector<NameValue> trailer_;
  std::vector<std::string> body_;
  bool body_declared_ = true;
  Error body_error_;
  std::uint64_t body_limit_ = 1 << 20;
  std::optional<weft::Context> ctx_;
  weft::Context draining_;
  int version_major_ = 1;
  int version_minor_ = 1;
  bool secure_ = false;
};

// Runs a handler as a server does, and records the response. For one fiber or thread at a time.
class Recorder {
 public:
  // An interim response, such as 103.
  struct Informational {
    int status;
    std::vector<std::pair<std::string, std::string>> header;
  };

  Recorder();
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // Serves one request, and drops the previous response. Errors and exceptions of the handler
  // become responses as in a server. Request::Ctx is canceled when the handler has returned.
  void Serve(const Handler& handler, const RequestBuilder& request);

  // Lets the handler of the next Serve take over its connection (without this,
  // ResponseWriter::Hijack fails), and returns the client's end of it. A test may write the
  // client's bytes in advance and read the handler's afterwards, as far as the buffer allows, or
  // talk to the handler from another fiber.
  MemoryStream ClientStream(MemoryStreamOptions options = {});

  // Why the response is not what the handler intended: the error that it returned, what it threw,
  // or a failure in sending. Empty if all went well.
  Error Err() const;

  // What the client would have received. All of it lives until the next Serve or the end of the
  // recorder.
  int Status() const;  // 0: the response was aborted before its head
  // Includes Content-Length if the length was known.
  const Fields& Header() const WEFT_LIFETIMEBOUND;
  const std::string& Body() const;  // empty for HEAD
  const Fields& Trailer() const WEFT_LIFETIMEBOUND;
  const std::vector<Informational>& Interim() const;
  // Whether the response was aborted. The rest is then what had been sent by that time.
  bool Aborted() const;
  int Flushes() const;     // how often something was flushed
  bool LongLived() const;  // whether the handler has called Request::LongLived or Hijack
  // Whether the handler has taken over the connection. Status is then 101, or 2xx for CONNECT, or 0
  // if no head was sent for it.
  bool Hijacked() const;

  // Makes sending fail with this error after this many bytes of the body, as if the client were
  // gone.
  void FailAfter(std::uint64_t bytes, Error error);

 private:
  class Exchange;
  std::unique_ptr<Exchange> exchange_;
};

}  // namespace weft

#endif  // WEFT_HANDLERS_TESTING_H_
