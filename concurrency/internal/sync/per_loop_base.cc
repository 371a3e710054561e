// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/sync/per_loop_base.h>

#include <algorithm>
#include <mutex>

#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/runtime/loop_core.h>
#include <weft/concurrency/internal/runtime/wait_list.h>

namespace weft::internal {

// The value of one loop. The loop's list holds it, and the PerLoop points to it. Only its loop ends it; the PerLoop asks for that
// by posting it.
struct PerLoopValue : LoopLocal, LoopTask {
  PerLoopValue(PerLoopBase& base, LoopCore& on) : LoopTask(&OnTask), perloop(base), loop(on) {
    LoopLocal::owner = &base;
    LoopLocal::end = &OnLoopEnd;
    LoopLocal::next = loop.locals();
    loop.locals() = this;
  }
  static void OnTask(LoopTask* task) { static_cast<PerLoopValue*>(task)->End(); }
  static void OnLoopEnd(LoopLocal* local) { static_cast<PerLoopValue*>(local)->End(); }

  void Unlink() noexcept {
    LoopLocal** at = &loop.locals();
    while (*at != this) at = &(*at)->next;
    *at = LoopLocal::next;
  }
  void End() noexcept {
    perloop.type_.destroy(value);
    Unlink();
    {
      // The PerLoop waits for this lock after the last value: it may be gone when the lock is released.
      std::lock_guard hold(perloop.lock_);
      std::erase(perloop.values_, this);
      if (perloop.values_.empty() && perloop.waiter_ != nullptr) perloop.waiter_->Wake();
    }
    delete this;
  }

  PerLoopBase& perloop;
  LoopCore& loop;
  void* value = nullptr;  // null: being made
};

void* PerLoopBase::Get() {
  LoopCore* loop = CurrentLoop();
  if (loop == nullptr) AbortMisuse("PerLoop::Get", "a plain thread has no loop: use weft::Run(ctx, fn), which gives fn loops of its own");
  for (LoopLocal* local = loop->locals(); local != nullptr; local = local->next) {
    if (local->owner != this) continue;
    void* value = static_cast<PerLoopValue*>(local)->value;
    if (value == nullptr) AbortMisuse("PerLoop::Get", "the T of this loop is still being made: making it must neither wait nor ask for it");
    return value;
  }
  auto* made = new PerLoopValue(*this, *loop);
  try {
    made->value = type_.make(*this);
    std::lock_guard hold(lock_);
    values_.push_back(made);
  } catch (...) {
    if (made->value != nullptr) type_.destroy(made->value);
    made->Unlink();
    delete made;
    throw;
  }
  return made->value;
}

void PerLoopBase::EndAll() noexcept {
  PerLoopValue* own = nullptr;
  {
    // A value that is still listed has its loop: the loop cannot end without taking this lock for it.
    std::lock_guard hold(lock_);
    for (PerLoopValue* value : values_) {
      if (&value->loop == CurrentLoop()) {
        own = value;
      } else {
        value->loop.PostPinned(*value);
      }
    }
  }
  if (own != nullptr) own->End();
}

PerLoopBase::~PerLoopBase() {
  EndAll();
  {
    std::lock_guard hold(lock_);
    if (values_.empty()) return;
  }
  (void)WaitInPlace(lock_, waiter_, "per-loop values", Background(), [this]() WEFT_REQUIRES(lock_) { return values_.empty(); });
}

}  // namespace weft::internal
