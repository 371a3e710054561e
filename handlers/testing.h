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
// They work on a plain thread and in a fiber (RunTest in concurrency/testing.h, for handlers that
// wait).

namespace weft {

// Says what a test asks for. Each member returns the builder, so that calls can be strung together.
// It may be served several times.
class RequestBuilder {
 public:
  // The target may be a path with a query, or "http://host/path", which also sets the host.
  explicit RequestBuilder(std::string method = "GET", std::string target = "/");

  RequestBuilder& Header(std::string_view name, std::string_view value);
  // Also what Request::Host returns; "example.com" unless told.
  RequestBuilder& Host(std::string host);
  // A body of declared length.
  RequestBuilder& Body(std::string body);
  // A body of unknown length; each Read gives at most one piece.
  RequestBuilder& BodyInPieces(std::vector<std::string> pieces);
  // What reading fails with after the body, in place of its end (kClientGone, for example).
  RequestBuilder& BodyError(Error error);
  // The server's limit; 1 MiB unless told, kUnlimited for none.
  RequestBuilder& BodyLimit(std::uint64_t bytes);
  // A field that comes behind the body.
  RequestBuilder& Trailer(std::string_view name, std::string_view value);
  // The parent of Request::Ctx; CurrentContext() unless told.
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

// Runs a handler as a server does, and keeps the answer for a look. It is used by one fiber or
// thread at a time.
class Recorder {
 public:
  // An interim answer: 103 and its like.
  struct Informational {
    int status;
    std::vector<std::pair<std::string, std::string>> header;
  };

  Recorder();
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // Serves one request and forgets the one before. Errors and exceptions of the handler become
  // answers as in a server. Request::Ctx is canceled when the handler has returned.
  void Serve(const Handler& handler, const RequestBuilder& request);

  // Lets the handler of the next Serve take its connection over (ResponseWriter::Hijack fails without), and
  // returns the client's end of it. A test may write what the client says beforehand, and read what the
  // handler said afterwards, as far as the buffer goes; or talk with the handler from another fiber.
  MemoryStream ClientStream(MemoryStreamOptions options = {});

  // Why the answer is not the one that the handler wanted: the error that it returned, what it
  // threw, or a failure in sending. Empty if all went well.
  Error Err() const;

  // What the client would have got. All of it lives until the next Serve or the end of the
  // recorder.
  int Status() const;                     // 0: the answer was broken off before its head
  const Fields& Header() const WEFT_LIFETIMEBOUND;           // with Content-Length if the length was known
  const std::string& Body() const;        // empty for HEAD
  const Fields& Trailer() const WEFT_LIFETIMEBOUND;
  const std::vector<Informational>& Interim() const;
  bool Aborted() const;                   // broken off: what came before is what had been sent by then
  int Flushes() const;                    // how often something was flushed
  bool LongLived() const;                 // the handler has called Request::LongLived or Hijack
  bool Hijacked() const;                  // the handler has taken the connection over; Status is then 101,
                                          // 2xx to CONNECT, or 0: no head was sent for it

  // Lets sending fail with this error after so many bytes of body, as when a client goes away.
  void FailAfter(std::uint64_t bytes, Error error);

 private:
  class Exchange;
  std::unique_ptr<Exchange> exchange_;
};

}  // namespace weft

#endif  // WEFT_HANDLERS_TESTING_H_
