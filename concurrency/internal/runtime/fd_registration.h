// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUNTIME_FD_REGISTRATION_H_
#define WEFT_CONCURRENCY_INTERNAL_RUNTIME_FD_REGISTRATION_H_

#include <sys/epoll.h>

#include <cstdint>

#include <weft/concurrency/internal/base/list.h>
#include <weft/concurrency/internal/base/small_lock.h>
#include <weft/concurrency/internal/runtime/loop_core.h>
#include <weft/concurrency/wait_fd.h>

namespace weft::internal {

class Parker;

// A descriptor in the epoll set of one loop: edge-triggered, with one waiter for each direction. An edge without a waiter is
// lost, so a waiter checks the descriptor, or has just seen EAGAIN, before it parks; nothing is handed out in between.
//
// Room for writing is watched from the first wait for it on, until it is reported without a waiter: a unix socket reports it
// each time the other side reads, which would wake the loop once more for each request.
//
// Its memory belongs to its loop, because the loop may still hold events for it that it has taken from the kernel. So another thread removes
// it from the set and leaves the rest to the loop. A loop that ends first leaves the memory to the other side.
class FdRegistration final : private FdWatch, private LoopTask, public Link<> {
 public:
  ~FdRegistration();

  // Adds the descriptor to the set of this thread's loop, for a first wait for `events`. Null: `failure` has the error.
  static FdRegistration* Make(int fd, FdEvents events, Error& failure) noexcept;
  // Removes the descriptor from the set. From any thread, once there is no waiter; the object must not be used afterwards.
  static void End(FdRegistration* entry) noexcept WEFT_NO_LOCK_ANALYSIS;  // looks at alive_ without it on the loop

  // The loop that has it, to compare with; null if it has ended.
  const LoopCore* Home() noexcept;
  // On its loop, in a fiber: parks until an event of these directions arrives. False: the context is done. Aborts if another
  // fiber waits for one of them.
  bool Park(const Context& ctx, FdEvents events, const FdWaitOptions& options) noexcept;

 private:
  FdRegistration(LoopCore& loop, int fd, bool room) noexcept;
  epoll_event Entry() noexcept;
  Error Register(int fd) noexcept;
  bool WatchRoom(bool room) noexcept;
  void IgnoreRoom() noexcept;
  void Deregister() noexcept;
  void LeaveLoop() noexcept;
  void OnLoopEnd() noexcept;
  void OnFdEvents(std::uint32_t events) noexcept override;
  static void OnTask(LoopTask* task) noexcept;

  friend struct LoopRegistrations;

  LoopCore& core_;  // while it lives: see alive_
  int fd_;
  bool duplicate_ = false;  // fd_ is ours: a second entry for the same descriptor
  bool room_;               // for writing is watched
  Parker* reader_ = nullptr;
  Parker* writer_ = nullptr;
  bool end_seen_ = false;  // since the last wait for reading: a reader of only what came before it would never be woken again

  SmallLock lock_;
  bool alive_ WEFT_GUARDED_BY(lock_) = true;      // the loop has not ended
  bool given_up_ WEFT_GUARDED_BY(lock_) = false;  // the loop frees it
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_RUNTIME_FD_REGISTRATION_H_
