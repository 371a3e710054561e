// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_FIBER_JOB_H_
#define WEFT_CONCURRENCY_FIBER_JOB_H_

#include <cstdint>
#include <source_location>
#include <string_view>

#include <weft/concurrency/context.h>

namespace weft {

// What a fiber does, and who owns it: a fiber never starts without one. The owner keeps the job
// until Ended.
class FiberJob {
 public:
  FiberJob() = default;
  FiberJob(const FiberJob&) = delete;
  FiberJob& operator=(const FiberJob&) = delete;

  // The body, in the fiber.
  virtual void Run() = 0;
  // The fiber has ended, nothing of it lives any more. On the loop's stack. The job may be deleted
  // here.
  virtual void Ended() noexcept = 0;
  // Called in the fiber just before it parks, when it may stand in a queue already: the last moment
  // to hand out what it holds back. Must not wait.
  virtual void BeforePark() noexcept {}
  // The same before it lets others go first (Yield), and may come back at once.
  virtual void BeforeYield() noexcept {}

 protected:
  ~FiberJob() = default;
};

struct FiberOptions {
  std::string_view name;            // for debugging; the first 47 bytes are kept
  std::uint64_t parent = 0;         // the id of the fiber that this one is listed under
  const Context* context = nullptr;  // CurrentContext() of the fiber; outlives it. Null: Background
  std::uint64_t work = 0;           // see Scope
  std::source_location started{};   // for debugging: the line that wanted the fiber; without one nothing is shown
};

// The id of the running fiber, as in FiberInfo; 0 outside of fibers.
std::uint64_t CurrentFiberId() noexcept;

// Gives the running fiber another name, for debugging.
void SetFiberName(std::string_view name) noexcept;

}  // namespace weft

#endif  // WEFT_CONCURRENCY_FIBER_JOB_H_
