// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/shard/live_request.h>

#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace weft::internal {
namespace {

class Named final : public LiveRequest {
 public:
  explicit Named(std::string name) : name_(std::move(name)) {}
  std::string_view Method() const override { return "GET"; }
  std::string_view Target() const override { return name_; }
  std::string PeerName() const override { return "peer"; }
  std::string_view Id() const override { return {}; }
  bool HasHandler() const override { return true; }
  void Cancel(const Error&) noexcept override {}

 private:
  std::string name_;
};

struct LiveRequestsTest : ::testing::Test {
  Named& Begin(std::string name) {
    Named& request = named.emplace_back(std::move(name));
    all.Add(request);
    return request;
  }
  // What is left of the walk.
  std::string Walk() {
    std::string met;
    while (LiveRequest* request = all.Next()) met += request->Target();
    return met;
  }
  std::deque<Named> named;
  LiveRequests all;
};

TEST_F(LiveRequestsTest, AWalkMeetsAllInOrder) {
  for (const char* name : {"a", "b", "c"}) Begin(name);
  all.BeginWalk();
  EXPECT_EQ(Walk(), "abc");
  EXPECT_EQ(Walk(), "") << "a walk is over when it is over";
}

TEST_F(LiveRequestsTest, WithoutAWalkThereIsNobodyToMeet) {
  Begin("a");
  EXPECT_EQ(Walk(), "");
}

TEST_F(LiveRequestsTest, AWalkDoesNotMeetThoseThatBeganAfterIt) {
  Begin("a");
  all.BeginWalk();
  Begin("b");
  EXPECT_EQ(Walk(), "a");
  all.BeginWalk();
  EXPECT_EQ(Walk(), "ab");
}

TEST_F(LiveRequestsTest, RequestsThatEndWithinAWalkAreSkipped) {
  // Which one ends after the walk has met "a", and whom it meets then.
  const std::vector<std::pair<int, std::string>> table = {{0, "bcd"}, {1, "cd"}, {2, "bd"}, {3, "bc"}};
  for (const auto& [ends, rest] : table) {
    LiveRequests row;
    std::deque<Named> members;
    for (const char* name : {"a", "b", "c", "d"}) row.Add(members.emplace_back(name));
    row.BeginWalk();
    ASSERT_EQ(row.Next()->Target(), "a");
    row.Remove(members[static_cast<std::size_t>(ends)]);
    std::string met;
    while (LiveRequest* request = row.Next()) met += request->Target();
    EXPECT_EQ(met, rest) << "after the end of " << ends;
  }
}

TEST_F(LiveRequestsTest, TheLastOneMayEndAndOthersBegin) {
  Begin("a");
  Named& last = Begin("b");
  all.BeginWalk();
  all.Remove(last);
  Begin("c");
  EXPECT_EQ(Walk(), "a");
}

TEST_F(LiveRequestsTest, AllMayEndWithinAWalk) {
  Named& a = Begin("a");
  Named& b = Begin("b");
  all.BeginWalk();
  all.Remove(b);
  all.Remove(a);
  EXPECT_EQ(Walk(), "");
  Begin("c");
  all.BeginWalk();
  EXPECT_EQ(Walk(), "c");
}

}  // namespace
}  // namespace weft::internal
