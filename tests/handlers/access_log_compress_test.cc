// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include <weft/handlers/handler.h>
#include <weft/handlers/middleware/access_log.h>
#include <weft/handlers/middleware/compress.h>
#include <weft/handlers/testing.h>

namespace weft {
namespace {

// Bytes by the log, with Compress inside or outside of it, must be what the client has received.
TEST(AccessLog, CountsCompressedBytes) {
  std::uint64_t logged = 0;
  const Middleware log = AccessLog([&logged](const AccessRecord& record) { logged = record.bytes; });
  for (const std::size_t size : {500u, 4000u, 50'000u}) {
    const Handler text = [size](ResponseWriter& w, Request&) -> Error {
      w.Header().Set("Content-Type", "text/plain");
      return w.Write(std::string(size, 'x'));
    };
    for (const Handler& handler : {Chain(text, {log, Compress({.size_min = 100})}), Chain(text, {Compress({.size_min = 100}), log})}) {
      Recorder recorder;

      recorder.Serve(handler, RequestBuilder().Header("Accept-Encoding", "gzip"));

      ASSERT_EQ(recorder.Header().Get("Content-Encoding"), "gzip");
      EXPECT_GT(recorder.Body().size(), 0u);
      EXPECT_LT(recorder.Body().size(), size);
      EXPECT_EQ(logged, recorder.Body().size()) << size;
    }
  }
}

}  // namespace
}  // namespace weft
