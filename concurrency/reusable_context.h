// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_REUSABLE_CONTEXT_H_
#define WEFT_CONCURRENCY_REUSABLE_CONTEXT_H_

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>

namespace weft {

// A root context for one use after the other, such as the requests of a connection. For servers
// that are built on weft: it allocates only if a context was kept beyond its use.
//
//   weft::Error ServeOne(weft::ReusableContext& reusable) {
//     const weft::Context& ctx = reusable.Begin(weft::Now() + std::chrono::seconds(30), kTooSlow);
//     weft::Error err = Serve(ctx);
//     reusable.End(kRequestEnded);
//     return err;
//   }
//
// Begin and End are called in turn, by one fiber at a time. Never suspends.
class ReusableContext {
 public:
  // The context's values are those of `values`, which must outlive this object.
  explicit ReusableContext(const Context& values) noexcept;
  ~ReusableContext();
  ReusableContext(const ReusableContext&) = delete;
  ReusableContext& operator=(const ReusableContext&) = delete;

  // Returns a live context with this deadline, or without one for TimePoint::max(). The reference
  // is valid until End. `deadline_cause` is its Cause() if the deadline ends it.
  const Context& Begin(TimePoint deadline, const Error& deadline_cause);
  // Cancels the context between Begin and End. From any thread.
  void Cancel(const Error& cause) noexcept;
  // Ends the use, and cancels whatever copies of the context others still hold.
  void End(const Error& cause) noexcept;
  // Between Begin and End: whether the context has already ended. Does not read the clock.
  bool Done() const noexcept;
  // Removes the deadline. Contexts derived before keep theirs.
  void DropDeadline() noexcept;

 private:
  Context values_;
  Context ctx_;
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_REUSABLE_CONTEXT_H_
