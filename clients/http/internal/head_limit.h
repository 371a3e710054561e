// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_HEAD_LIMIT_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_HEAD_LIMIT_H_

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/unlimited.h>

namespace weft::internal {

// The server's time to respond while one fiber sends and another one waits for the head. It starts when everything was sent; when it
// expires, the waiting fiber is canceled.
class HeadLimit : private LoopTimer {
 public:
  // `late` is set when it is over.
  HeadLimit(Loop& loop, bool& late) : LoopTimer([](LoopTimer* self) { static_cast<HeadLimit*>(self)->OnTimer(); }), loop_(loop), late_(late) {}
  ~HeadLimit() { Stop(); }
  HeadLimit(const HeadLimit&) = delete;
  HeadLimit& operator=(const HeadLimit&) = delete;

  // A fiber waits, which `cancel` ends.
  void Await(const CancelFunc& cancel, Duration limit) {
    waiter_ = &cancel;
    limit_ = limit;
  }
  // It has its head, or nothing.
  void Stop() noexcept {
    waiter_ = nullptr;
    loop_.Disarm(*this);
  }
  // All is sent.
  void Start() { StartWith(limit_); }
  void StartWith(Duration limit) {
    if (waiter_ != nullptr && limit != kUnlimited) loop_.Arm(*this, Now() + limit);
  }

 private:
  void OnTimer() noexcept {
    late_ = true;
    if (waiter_ != nullptr) (*waiter_)();
  }

  Loop& loop_;
  bool& late_;
  const CancelFunc* waiter_ = nullptr;
  Duration limit_{};
};

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_HEAD_LIMIT_H_
