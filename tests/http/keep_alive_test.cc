// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http1/keep_alive.h>

#include <gtest/gtest.h>

namespace weft::internal::http1 {
namespace {

using Facts = KeepAliveFacts;

TEST(KeepAlive, LastsWhileNothingSpeaksAgainstIt) { EXPECT_TRUE(KeepsAlive({})); }

TEST(KeepAlive, EachFactAloneEndsTheConnection) {
  for (const Facts::Fact fact : {Facts::kClientCloses, Facts::kLimitReached, Facts::kConnect, Facts::kBodyUnusable, Facts::kDraining,
                                 Facts::kResponseCloses, Facts::kUpgraded, Facts::kRefused, Facts::kAborted, Facts::kFailed}) {
    Facts facts;
    facts.Note(fact);
    EXPECT_FALSE(KeepsAlive(facts)) << fact;
  }
}

TEST(KeepAlive, NoReasonToCloseIsWithdrawn) {
  Facts facts;
  facts.Note(Facts::kDraining);
  facts.Note(Facts::kDraining);
  facts.Note(Facts::kClientCloses);
  EXPECT_FALSE(KeepsAlive(facts));
}

}  // namespace
}  // namespace weft::internal::http1
