// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http1/keep_alive.h>

#include <iterator>

#include <gtest/gtest.h>

namespace weft::internal::http1 {
namespace {

TEST(KeepAlive, LastsWhileNothingSpeaksAgainstIt) { EXPECT_TRUE(KeepsAlive({})); }

TEST(KeepAlive, EachFactAloneEndsTheConnection) {
  constexpr bool KeepAliveFacts::* kFacts[] = {
      &KeepAliveFacts::client_closes,   &KeepAliveFacts::limit_reached, &KeepAliveFacts::connect,
      &KeepAliveFacts::body_unusable,   &KeepAliveFacts::draining,      &KeepAliveFacts::response_closes,
      &KeepAliveFacts::upgraded,        &KeepAliveFacts::refused,       &KeepAliveFacts::aborted,
      &KeepAliveFacts::failed,
  };
  static_assert(sizeof(KeepAliveFacts) == std::size(kFacts), "each fact is listed here");
  for (const auto fact : kFacts) {
    KeepAliveFacts facts;
    facts.*fact = true;
    EXPECT_FALSE(KeepsAlive(facts));
  }
}

}  // namespace
}  // namespace weft::internal::http1
