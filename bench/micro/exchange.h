// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_BENCH_MICRO_EXCHANGE_H_
#define WEFT_BENCH_MICRO_EXCHANGE_H_

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <weft/handlers/access.h>

#include "micro/harness.h"

// Requests without a server: what a handler costs, and nothing below it.
namespace weft::bench {

// Takes every response and keeps nothing of it.
class NullSink final : public ResponseSink {
 public:
  std::span<char> Buffer() override { return buffer_; }
  Error SendWhole(int, Fields&, std::string_view) override { return {}; }
  Error SendHead(int, Fields&, std::optional<std::uint64_t>) override { return {}; }
  Error SendBody(std::string_view, std::string_view) override { return {}; }
  Error Flush() override { return {}; }
  Error SendEnd(std::string_view, Fields&) override { return {}; }
  Error SendInformational(int, Fields&) override { return {}; }
  void Abort() noexcept override { Fail(Error::New("a response was broken off")); }

 private:
  std::array<char, 4096> buffer_;
};

// What a server is asked for besides the request: here, who the client is.
class OneClient final : public RequestHooks {
 public:
  std::string Peer() const override { return "192.0.2.7:50123"; }
  bool LongLived() override { return true; }
  void ContextChanged() override {}
};

// Serves the same request again and again, as a connection does with its Request and ResponseWriter.
class Exchanges {
 public:
  // GET of `path`, with the fields that curl sends. The path outlives the object, and nothing in it is encoded.
  explicit Exchanges(std::string_view path) { head_.target = head_.raw_path = path; }

  void Serve(const Context& ctx, const Handler& handler) {
    Fields& fields = RequestAccess::Header(request_);
    fields.AddBorrowed("Host", head_.host);
    fields.AddBorrowed("User-Agent", "curl/8.5.0");
    fields.AddBorrowed("Accept", "*/*");
    RequestAccess::Begin(request_, head_, ctx, ctx, nullptr, 1 << 20, &client_);
    ResponseAccess::Begin(writer_, sink_, false);
    Must(ResponseAccess::Complete(writer_, handler(writer_, request_)));
    ResponseAccess::End(writer_);
    RequestAccess::End(request_);
  }

  // Asks for `count` paths in one request: for what only chooses who responds.
  void Choose(const Context& ctx, const Handler& handler, const std::string* paths, std::size_t count) {
    RequestAccess::Begin(request_, head_, ctx, ctx, nullptr, 0, nullptr);
    for (std::size_t i = 0; i < count; ++i) {
      RequestAccess::SetPath(request_, paths[i], paths[i]);
      Must(handler(writer_, request_));
    }
    RequestAccess::End(request_);
  }

 private:
  RequestHead head_{.method = "GET", .target = {}, .raw_path = {}, .raw_query = {}, .host = "localhost:8080"};
  NullSink sink_;
  OneClient client_;
  Request request_;
  ResponseWriter writer_;
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_MICRO_EXCHANGE_H_
