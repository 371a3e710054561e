// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <optional>
#include <string>

#include <weft/concurrency/group.h>
#include <weft/concurrency/free_list.h>

#include "hammer.h"

namespace weft::stress {
namespace {

class FreeListHammer final : public Hammer {
 public:
  void Step(Worker& worker) override {
    if (worker.random.Below(64) == 0) return list_->Trim();
    FreeList<Object>::Handle object = list_->Get();
    Use(*object);
    switch (worker.random.Below(4)) {
      case 0: return object.Discard();
      case 1: return Yield();
      case 2: {
        // It comes back elsewhere.
        Group group(worker.ctx, {.spread = true});
        group.Go([mine = std::move(object)](const Context&) mutable {
          Use(*mine);
          mine.Put();
        });
        Expect(!group.Wait(), "list: nobody fails");
        return;
      }
      default: return;
    }
  }

  void Check() override {
    list_.reset();
    Expect(alive_.load() == 0, "list: nothing is left when it ends");
  }

 private:
  struct Object {
    explicit Object(std::atomic<std::int64_t>& n) : alive(&n) { ++*alive; }
    Object(const Object&) = delete;
    ~Object() { --*alive; }
    std::atomic<std::int64_t>* alive;
    std::atomic<bool> used{false};
    std::string text;  // torn, or a race, if two have it
  };
  static void Use(Object& object) {
    Expect(!object.used.exchange(true, std::memory_order_relaxed), "list: an object is with one user");
    object.text.append("x");
    if (object.text.size() > 100) object.text.clear();
    object.used.store(false, std::memory_order_relaxed);
  }

  std::atomic<std::int64_t> alive_{0};
  static constexpr FreeListOptions kOptions = {.keep = 4, .trim_every = std::chrono::milliseconds(1)};
  std::optional<FreeList<Object>> list_{std::in_place, [this] { return Object(alive_); }, kOptions};
};

}  // namespace

std::unique_ptr<Hammer> MakeFreeListHammer() { return std::make_unique<FreeListHammer>(); }

}  // namespace weft::stress
