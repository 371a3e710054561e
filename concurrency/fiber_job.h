// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_FIBER_JOB_H_
#define WEFT_CONCURRENCY_FIBER_JOB_H_

#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string_view>

#include <weft/concurrency/context.h>

// For servers and drivers that are built on weft: how to start a fiber directly on a loop
// (Loop::Start). All other code starts fibers in a Group (group.h).
//
//   class Greeting final : public weft::FiberJob {
//    public:
//     void Run() override { std::puts("hello from a fiber"); }
//     void Ended() noexcept override { delete this; }
//   };
//
//   weft::Error Greet(weft::Loop& loop) {
//     auto job = std::make_unique<Greeting>();
//     if (weft::Error err = loop.Start(*job, {.name = "greeting"})) return err;
//     job.release();                              // from here on it deletes itself
//     return {};
//   }

namespace weft {

// What a fiber does, and what owns it: no fiber starts without a job. The owner keeps the job alive
// until Ended is called.
class FiberJob {
 public:
  FiberJob() = default;
  FiberJob(const FiberJob&) = delete;
  FiberJob& operator=(const FiberJob&) = delete;

  // The body; runs in the fiber.
  virtual void Run() = 0;
  // The fiber has ended, and nothing of it is left. Called on the loop's own stack, so it must not
  // wait. It may delete the job.
  virtual void Ended() noexcept = 0;
  // Called in the fiber just before it parks, when it may already be in a queue. It is the last
  // opportunity to send what the fiber holds back. Must not wait.
  virtual void BeforePark() noexcept {}
  // The same before a Yield, after which the fiber may continue at once.
  virtual void BeforeYield() noexcept {}

 protected:
  ~FiberJob() = default;
};

struct FiberOptions {
  // As much as is kept of a name.
  static constexpr std::size_t kNameMax = 47;

  // For fiber lists and reports; the first kNameMax bytes are kept.
  std::string_view name;
  // The id of the fiber or FiberOwner under which lists show this one.
  std::uint64_t parent = 0;
  // The fiber's CurrentContext(); must outlive the fiber. Null: Background().
  const Context* context = nullptr;
  // The fiber's work number; see Scope (scope.h).
  std::uint64_t work = 0;
  // The line that asked for the fiber, for lists. Without one, none is shown.
  std::source_location started{};
};

// The id of the running fiber, as in FiberInfo; 0 outside of fibers. Never suspends.
std::uint64_t CurrentFiberId() noexcept;

// Gives the running fiber another name, for lists and reports. Never suspends.
void SetFiberName(std::string_view name) noexcept;

}  // namespace weft

#endif  // WEFT_CONCURRENCY_FIBER_JOB_H_
