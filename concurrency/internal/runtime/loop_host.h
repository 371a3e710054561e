// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUNTIME_LOOP_HOST_H_
#define WEFT_CONCURRENCY_INTERNAL_RUNTIME_LOOP_HOST_H_

#include <cstddef>

namespace weft::internal {

class FiberCore;
class ThreadTally;

// What a loop asks its scheduler, rarely, and mostly under virtual time.
class LoopHost {
 public:
  virtual int LoopCount() const noexcept = 0;
  // Threads that virtual time must wait for.
  virtual ThreadTally& Threads() noexcept = 0;
  // When all fibers wait under virtual time; `more` is whether any waits for a time. True: time may jump there. False: the loop
  // has something else to do now.
  virtual bool MayJump(bool more) = 0;
  // Under Explore: how many functions of Offload wait to be chosen; lets a thread take the oldest.
  virtual std::size_t HeldJobs() noexcept = 0;
  virtual void RunHeldJob() = 0;
  [[noreturn]] virtual void ReportOverflow(const FiberCore& fiber) noexcept = 0;

 protected:
  ~LoopHost() = default;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_RUNTIME_LOOP_HOST_H_
