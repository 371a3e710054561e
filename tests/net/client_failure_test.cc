// SPDX-License-Identifier: Apache-2.0
#include <weft/net/client_failure.h>

#include <gtest/gtest.h>

namespace weft {
namespace {

TEST(ClientFailure, VerdictsTable) {
  struct Row {
    ClientFailure::Kind kind;
    Error verdict;
  };
  const Row rows[] = {
      {ClientFailure::kResolve, kUpstreamFailed},   {ClientFailure::kRefused, kUpstreamFailed},   {ClientFailure::kUnreachable, kUpstreamFailed},
      {ClientFailure::kTls, kUpstreamFailed},       {ClientFailure::kBusy, kUnavailable},         {ClientFailure::kReset, kUpstreamFailed},
      {ClientFailure::kEnded, kUpstreamFailed},     {ClientFailure::kTimedOut, kUpstreamTimeout}, {ClientFailure::kStalled, kUpstreamTimeout},
      {ClientFailure::kMalformed, kUpstreamFailed}, {ClientFailure::kTooLarge, kUpstreamFailed},  {ClientFailure::kStatus, kUpstreamFailed},
  };
  for (const Row& row : rows) {
    const Error err = MakeClientFailure({row.kind, false, "http://a", ""});
    EXPECT_TRUE(err.Is(row.verdict)) << Describe(row.kind);
    for (const Error& never : {kTimeout, kMalformed, kTooLarge, kClientGone, kRefused, kClosed}) EXPECT_FALSE(err.Is(never)) << Describe(row.kind);
  }
}

TEST(ClientFailure, SaysWhatHappenedToWhom) {
  const Error err = MakeClientFailure({ClientFailure::kTls, false, "https://users.internal:8443", "certificate has expired"});

  EXPECT_EQ(err.Message(), "https://users.internal:8443: TLS failed: certificate has expired");
  const ClientFailure* failure = err.Wrap("load the user").As<ClientFailure>();
  ASSERT_NE(failure, nullptr);
  EXPECT_EQ(failure->kind, ClientFailure::kTls);
  EXPECT_FALSE(failure->processed);
  EXPECT_EQ(failure->origin, "https://users.internal:8443");
}

TEST(ClientFailure, KeepsTheSystemsCodeAndNoneOfWeft) {
  const Error refused = MakeClientFailure({ClientFailure::kRefused, false, "http://a", ""}, Error(std::errc::connection_refused).Wrap("connect"));
  const Error gone = MakeClientFailure({ClientFailure::kEnded, true, "http://a", ""}, kClientGone.Wrap("read"));

  EXPECT_TRUE(refused.Is(std::errc::connection_refused));
  EXPECT_TRUE(refused.Is(kUpstreamFailed));
  EXPECT_FALSE(gone.Is(kClientGone));
  EXPECT_EQ(gone.Code(), Error(kUpstreamFailed).Code());
}

TEST(ClientFailure, AnotherVerdictIsTheCallersChoice) {
  const Error err = MakeClientFailure(Errc::kUnavailable, {ClientFailure::kRefused, false, "postgres://db", ""}, std::errc::connection_refused);

  EXPECT_TRUE(err.Is(kUnavailable));
  EXPECT_FALSE(err.Is(kUpstreamFailed));
}

}  // namespace
}  // namespace weft
