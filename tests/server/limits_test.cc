// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>

#include <weft/http/internal/http2/session.h>
#include <weft/server/internal/limits.h>

namespace weft::internal {
namespace {

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

TEST(ResolveLimits, DescriptorsBoundConnections) {
  const ServerLimits limits = ResolveLimits({}, {.descriptors = 1024, .memory_bytes = 64 * kGiB});

  EXPECT_EQ(limits.connections, 840u);
  EXPECT_EQ(limits.requests, 840u);
  EXPECT_EQ(limits.queued_requests, 420u);
}

TEST(ResolveLimits, MemoryBoundsConnectionsAndRequests) {
  const ServerLimits limits = ResolveLimits({}, {.descriptors = 1 << 20, .memory_bytes = kGiB});

  EXPECT_EQ(limits.connections, kGiB / 4 / kBytesPerConnection);
  EXPECT_EQ(limits.requests, kGiB / 4 / kBytesPerRequest);
}

TEST(ResolveLimits, ConnectionsOverTlsTakeMoreMemory) {
  ServerOptions options;
  const Result<Tls> tls = Tls::SelfSigned({"test"});
  if (!tls.Ok()) GTEST_SKIP() << tls.Err().Message();
  options.tls = *tls;
  for (const bool http2 : {false, true}) {
    options.http2 = http2;
    EXPECT_EQ(ResolveLimits(options, {.descriptors = 1 << 20, .memory_bytes = kGiB}).connections, kGiB / 4 / kBytesPerTlsConnection);
  }
}

TEST(ResolveLimits, ConnectionsOfHttp2TakeMoreMemory) {
  if (!http2::SessionsExist()) GTEST_SKIP() << "this build has no HTTP/2";
  ServerOptions options;
  options.http2_cleartext = true;
  EXPECT_EQ(ResolveLimits(options, {.descriptors = 1 << 20, .memory_bytes = kGiB}).connections,
            kGiB / 4 / (kBytesPerConnection + kBytesOfHttp2));
}

TEST(ResolveLimits, LongLivedRequestsLeaveConnectionsToOthersAndTakeTheirShareOfMemory) {
  EXPECT_EQ(ResolveLimits({}, {.descriptors = 1024, .memory_bytes = 64 * kGiB}).long_lived, 630u);
  EXPECT_EQ(ResolveLimits({}, {.descriptors = 1 << 20, .memory_bytes = kGiB}).long_lived, kGiB / 4 / kBytesPerLongLived);

  ServerOptions options;
  options.long_lived_max = 5;
  EXPECT_EQ(ResolveLimits(options, {.descriptors = 1024, .memory_bytes = kGiB}).long_lived, 5u);
}

TEST(ResolveLimits, SomeAlwaysFit) {
  const ServerLimits limits = ResolveLimits({}, {.descriptors = 10, .memory_bytes = 0});

  EXPECT_GE(limits.connections, 16u);
  EXPECT_GE(limits.requests, 16u);
  EXPECT_GE(limits.queued_requests, 16u);
  EXPECT_GE(limits.long_lived, 16u);
}

TEST(ResolveLimits, KeepsWhatTheUserSet) {
  ServerOptions options;
  options.connections_max = kUnlimited;
  options.requests_max = 3;
  options.queued_requests_max = 1;

  const ServerLimits limits = ResolveLimits(options, {.descriptors = 1024, .memory_bytes = kGiB});

  EXPECT_TRUE(limits.connections == kUnlimited);
  EXPECT_EQ(limits.requests, 3u);
  EXPECT_EQ(limits.queued_requests, 1u);
}

TEST(MeasureResources, FindsSomething) {
  const Resources resources = MeasureResources();

  EXPECT_GT(resources.descriptors, 0u);
  EXPECT_GT(resources.memory_bytes, 1024u * 1024);
}

}  // namespace
}  // namespace weft::internal
