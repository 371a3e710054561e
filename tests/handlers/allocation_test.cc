// SPDX-License-Identifier: Apache-2.0
// A request that the server serves again and again must not allocate on the way through the interface.
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <weft/handlers/access.h>
#include <weft/handlers/metrics.h>
#include <weft/handlers/middleware/access_log.h>
#include <weft/handlers/middleware/cors.h>
#include <weft/handlers/middleware/cross_origin_protection.h>
#include <weft/handlers/middleware/in_flight.h>
#include <weft/handlers/middleware/max_bytes.h>
#include <weft/handlers/middleware/security_headers.h>
#include <weft/handlers/routing/mux.h>
#include <weft/handlers/server_side.h>

#include "../kit/allocation_counter.h"

namespace weft {
namespace {

// Takes the answer and keeps nothing.
class NullSink final : public ResponseSink {
 public:
  std::span<char> Buffer() override { return buffer_; }
  Error SendWhole(int, Fields&, std::string_view body) override { return Count(body); }
  Error SendHead(int, Fields&, std::optional<std::uint64_t>) override { return {}; }
  Error SendBody(std::string_view first, std::string_view second) override {
    static_cast<void>(Count(first));
    return Count(second);
  }
  Error Flush() override { return {}; }
  Error SendEnd(std::string_view rest, Fields&) override { return Count(rest); }
  Error SendInformational(int, Fields&) override { return {}; }
  void Abort() noexcept override { aborted_ = true; }

  std::size_t bytes_ = 0;
  bool aborted_ = false;

 private:
  Error Count(std::string_view data) {
    bytes_ += data.size();
    return {};
  }
  std::array<char, 4096> buffer_;
};

void Exchange(Request& r, ResponseWriter& w, NullSink& sink, const Handler& handler) {
  RequestHead head;
  head.method = "GET";
  head.target = "/hello/an%20na?times=2";
  head.raw_path = "/hello/an%20na";
  head.raw_query = "times=2";
  head.host = "localhost:8080";
  RequestAccess::Header(r).AddBorrowed("Host", head.host);
  RequestAccess::Header(r).AddBorrowed("Accept", "*/*");
  const Context none;
  RequestAccess::Begin(r, head, none, none, nullptr, 1 << 20, nullptr);
  ResponseAccess::Begin(w, sink, false);
  EXPECT_FALSE(ResponseAccess::Complete(w, handler(w, r)));
  ResponseAccess::End(w);
  RequestAccess::End(r);
}

// Allocations of the second hundred of exchanges.
std::size_t AllocationsOf(const Handler& handler, std::size_t body_size) {
  Request r;
  ResponseWriter w;
  NullSink sink;
  for (int i = 0; i < 100; ++i) Exchange(r, w, sink, handler);
  const std::size_t before = Allocations();
  for (int i = 0; i < 100; ++i) Exchange(r, w, sink, handler);
  const std::size_t after = Allocations();
  EXPECT_EQ(sink.bytes_, 200 * body_size);
  return after - before;
}

TEST(Allocation, IsCounted) {
  const std::size_t before = Allocations();

  const auto memory = std::make_unique<std::array<char, 100>>();

  EXPECT_EQ(Allocations(), before + 1);
}

TEST(Allocation, AHelloExchangeMakesNone) {
  const Handler hello = [](ResponseWriter& w, Request&) {
    w.Header().Set("Content-Type", "text/plain; charset=utf-8");
    return w.Write("Hello, World!");
  };

  EXPECT_EQ(AllocationsOf(hello, 13), 0u);
}

TEST(Allocation, ARouteWithPathValueAndQueryMakesNone) {
  Mux mux;
  mux.Handle("GET /hello/{name}", [](ResponseWriter& w, Request& r) -> Error {
    const Result<int> times = r.QueryAs<int>("times");
    if (Error err = times.Err()) return err;
    for (int i = 0; i < *times; ++i) {
      if (Error err = w.Write(r.PathValue("name"))) return err;
    }
    return {};
  });
  mux.Handle("GET /{$}", [](ResponseWriter&, Request&) {});
  mux.Handle("GET /static/{path...}", [](ResponseWriter&, Request&) {});

  EXPECT_EQ(AllocationsOf(mux, 10), 0u);
}

TEST(Allocation, MiddlewareThatNeedsNothingOfItsOwnMakesNone) {
  Mux mux;
  mux.Use(SecurityHeaders());
  mux.Use(Cors({.origins = {"https://app.example.com"}}));
  mux.Use(CrossOriginProtection());
  mux.Group("/hello", {MaxBytes(1 << 20)}, [](Mux& hello) {
    hello.Handle("GET /{name}", [](ResponseWriter& w, Request&) { return w.Write("hello"); }, {InFlight(1000)});
  });

  EXPECT_EQ(AllocationsOf(mux, 5), 0u);
}

TEST(Allocation, CountingRequestsMakesNone) {
  Metrics metrics;
  Mux mux;
  mux.Use(metrics.Count());
  mux.Handle("GET /hello/{name}", [](ResponseWriter& w, Request&) { return w.Write("hello"); });

  EXPECT_EQ(AllocationsOf(mux, 5), 0u);
}

// But for what the record of a log needs: the name of the peer, which this request does not have.
TEST(Allocation, AnAccessLogMakesNone) {
  std::uint64_t bytes = 0;
  const Handler handler = AccessLog([&bytes](const AccessRecord& record) { bytes += record.bytes; })(
      [](ResponseWriter& w, Request&) { return w.Write("hello"); });

  EXPECT_EQ(AllocationsOf(handler, 5), 0u);
  EXPECT_EQ(bytes, 200u * 5);
}

TEST(Allocation, LargeResponsesDoNotAllocateEither) {
  static const std::string large(100000, 'x');
  const Handler handler = [](ResponseWriter& w, Request&) { return w.Write(large); };

  EXPECT_EQ(AllocationsOf(handler, large.size()), 0u);
}

}  // namespace
}  // namespace weft
