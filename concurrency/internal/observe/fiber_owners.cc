// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/observe/fiber_owners.h>

#include <mutex>
#include <unordered_set>

#include <weft/concurrency/fiber_owner.h>
#include <weft/concurrency/internal/base/thread_mutex.h>
#include <weft/concurrency/internal/runtime/loop_core.h>

namespace weft {

// All of the process.
class FiberOwners {
 public:
  static void Add(FiberOwner& owner) noexcept {
    Listed& all = TheList();
    const std::lock_guard hold(all.lock);
    owner.next_ = all.first;
    if (all.first != nullptr) all.first->prev_ = &owner;
    all.first = &owner;
  }
  static void Remove(FiberOwner& owner) noexcept {
    Listed& all = TheList();
    const std::lock_guard hold(all.lock);
    (owner.prev_ != nullptr ? owner.prev_->next_ : all.first) = owner.next_;
    if (owner.next_ != nullptr) owner.next_->prev_ = owner.prev_;
  }
  // Most owners have no fiber at the moment: only those that have one are asked for a name.
  static void Append(const internal::Scheduler* only, std::int64_t now_ns, std::vector<FiberInfo>& fibers) {
    std::unordered_set<std::uint64_t> parents;
    for (const FiberInfo& fiber : fibers) parents.insert(fiber.parent);
    Listed& all = TheList();
    const std::lock_guard hold(all.lock);
    for (const FiberOwner* owner = all.first; owner != nullptr; owner = owner->next_) {
      if (!parents.contains(owner->id_) || (only != nullptr && &owner->loop_->scheduler() != only)) continue;
      FiberInfo info;
      info.id = owner->id_;
      info.parent = owner->parent_;
      info.name = owner->name_(owner->of_);
      info.loop = owner->loop_->index();
      info.state = "owner";
      info.age = Duration(now_ns - owner->start_ns_);
      fibers.push_back(std::move(info));
    }
  }

 private:
  struct Listed {
    internal::ThreadMutex lock;
    FiberOwner* first WEFT_GUARDED_BY(lock) = nullptr;
  };
  // Never destroyed, like that of LoopList.
  static Listed& TheList() {
    static auto* list = new Listed;
    return *list;
  }
};

FiberOwner::FiberOwner(std::uint64_t parent, NameOf name, const void* of) noexcept
    : id_(internal::CurrentLoop()->NextWork()),
      parent_(parent),
      start_ns_(internal::CurrentLoop()->now_ns()),
      loop_(internal::CurrentLoop()),
      name_(name),
      of_(of) {
  FiberOwners::Add(*this);
}

FiberOwner::~FiberOwner() { FiberOwners::Remove(*this); }

void internal::AppendOwners(const Scheduler* only, std::int64_t now_ns, std::vector<FiberInfo>& fibers) {
  FiberOwners::Append(only, now_ns, fibers);
}

}  // namespace weft
