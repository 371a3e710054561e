// SPDX-License-Identifier: Apache-2.0
//
// Many clients at once, who pipeline, send in pieces, post, reset and come again, against handlers that park, fail to fit and answer by
// large and small, over sockets that take a part now and then: every response comes whole, in order, to whom it belongs.
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "batch_kit.h"
#include "syscall_kit.h"

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  std::size_t Below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  bool OneIn(std::size_t n) { return Below(n) == 0; }

 private:
  std::mt19937_64 random_;
};

Error Handle(Dice& dice, ResponseWriter& w, Request& r) {
  static const std::string padding = Pattern(3000);
  if (dice.OneIn(20)) CutNextSend(1 + dice.Below(100));
  if (dice.OneIn(20)) {
    if (Error err = Sleep(r.Ctx(), milliseconds(dice.Below(3)))) return err;
  }
  if (dice.OneIn(20)) Yield();
  if (r.Method() == "POST") {
    std::vector<char> piece(5000);
    for (;;) {
      const Result<std::size_t> n = r.Body().Read(piece);
      if (Error err = n.Err()) return err;
      if (*n == 0) break;
    }
  }
  w.Header().Set("X-Target", r.Target());
  if (dice.OneIn(5)) w.Header().Set("X-Padding", std::string_view(padding).substr(0, dice.Below(2500)));
  for (std::size_t n = dice.OneIn(10) ? dice.Below(4) : 0; n > 0; --n) {
    if (Error err = w.Write(padding)) return err;
    if (dice.OneIn(2)) {
      if (Error err = w.Flush()) return err;
    }
  }
  return w.Write(r.Target());
}

// One client: what it has yet to send, and the responses that it expects.
class Guest {
 public:
  void Ask(Dice& dice, const Site& site, int& number) {
    if (client_ == nullptr || (unsent_.empty() && dice.OneIn(40))) ComeAgain(dice, site);
    for (std::size_t count = dice.OneIn(4) ? 1 + dice.Below(20) : 1; count > 0; --count) AddRequest(dice, "/" + std::to_string(number++));
    const std::size_t part = dice.OneIn(4) ? dice.Below(unsent_.size() + 1) : unsent_.size();
    if (part != 0) client_->Send(unsent_.substr(0, part));
    unsent_.erase(0, part);
  }
  void Listen() {
    if (client_ == nullptr) return;
    if (!unsent_.empty()) client_->Send(unsent_);
    unsent_.clear();
    for (const std::string& target : expected_) {
      const TestResponse response = client_->ReadResponse();
      EXPECT_EQ(response.status, 200);
      EXPECT_EQ(response.Header("X-Target"), target);
      EXPECT_THAT(response.body, ::testing::EndsWith(target));
    }
    expected_.clear();
  }

 private:
  void ComeAgain(Dice& dice, const Site& site) {
    if (client_ != nullptr && dice.OneIn(2)) client_->raw().Reset();
    client_ = std::make_unique<Client>(site.Connect());
    expected_.clear();
  }
  void AddRequest(Dice& dice, const std::string& target) {
    if (dice.OneIn(6)) {
      const std::string body = Pattern(dice.Below(dice.OneIn(3) ? 100'000 : 100));
      unsent_ += "POST " + target + " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    } else {
      unsent_ += "GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n";
    }
    expected_.push_back(target);
  }

  std::unique_ptr<Client> client_;
  std::string unsent_;
  std::vector<std::string> expected_;
};

class BatchStorm : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Seeds, BatchStorm, ::testing::Range(1, 7));

TEST_P(BatchStorm, EveryClientGetsItsResponsesCompleteAndInOrder) {
  Virtually([&](const Context& ctx) {
    Dice dice(static_cast<std::uint64_t>(GetParam()));
    ServerOptions options;
    options.requests_max = 12;
    options.drain_timeout = seconds(2);
    Site site(ctx, [&](ResponseWriter& w, Request& r) { return Handle(dice, w, r); }, options);
    std::vector<Guest> guests(40);
    int number = 0;

    for (int round = 0; round < 60 && !::testing::Test::HasFailure(); ++round) {
      for (Guest& guest : guests) {
        if (!dice.OneIn(3)) guest.Ask(dice, site, number);
      }
      if (dice.OneIn(3)) (void)Sleep(ctx, milliseconds(dice.Below(2)));
      for (Guest& guest : guests) {
        if (dice.OneIn(2)) guest.Listen();
      }
    }

    EXPECT_FALSE(site.Stop());
  });
}

}  // namespace
}  // namespace weft
