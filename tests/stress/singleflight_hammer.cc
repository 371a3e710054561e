// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <string>

#include <weft/concurrency/singleflight.h>

#include "hammer.h"

namespace weft::stress {
namespace {

class SingleflightHammer final : public Hammer {
 public:
  void Step(Worker& worker) override {
    const CancelScope scope = worker.RandomScope();
    const int key = static_cast<int>(worker.random.Below(3));
    if (worker.random.Below(8) == 0) return flights_.Forget(key);
    const unsigned kind = worker.random.Below(4);
    const Duration pause = worker.random.Short();
    const auto outcome = flights_.Do(scope.ctx, key, [this, key, kind, pause](const Context& ctx) -> Result<std::string> {
      const Running running(running_);
      if (kind == 0) return Error::New("broken");
      if (kind == 1) {
        if (Error err = Sleep(ctx, pause)) return err;
      }
      return Long(key);
    });
    if (outcome.Ok()) {
      Expect(outcome->value == Long(key), "singleflight: the value of its key, whole");
    } else {
      const bool own = outcome.Err().Is(kCanceled) || outcome.Err().Is(kDeadlineExceeded);
      Expect(!own || scope.ctx.Err(), "singleflight: whoever stays is not canceled");
      Expect(own || outcome.Err().Message() == "broken", "singleflight: the error of the work, or its context's");
    }
  }

  void Check() override { Expect(running_.load() == 0, "singleflight: no work outlives its callers"); }

 private:
  struct Running {
    explicit Running(std::atomic<int>& n) : count(n) { ++count; }
    Running(const Running&) = delete;
    ~Running() { --count; }
    std::atomic<int>& count;
  };
  static std::string Long(int key) { return "the value of the key with the number " + std::to_string(key); }

  Singleflight<int, std::string> flights_;
  std::atomic<int> running_{0};
};

}  // namespace

std::unique_ptr<Hammer> MakeSingleflightHammer() { return std::make_unique<SingleflightHammer>(); }

}  // namespace weft::stress
