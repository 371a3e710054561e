// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_REUSABLE_CONTEXT_H_
#define WEFT_CONCURRENCY_REUSABLE_CONTEXT_H_

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>

namespace weft {

// A root context that is used again and again, one user after the other, without an allocation
// unless somebody keeps a context beyond its use. For servers: one per request. Values come from
// `values`, which must outlive it.
//
//   const weft::Context& ctx = reusable.Begin(weft::Now() + timeout, kTooSlow);
//   Serve(ctx);
//   reusable.End(kRequestEnded);
class ReusableContext {
 public:
  explicit ReusableContext(const Context& values) noexcept;
  ~ReusableContext();
  ReusableContext(const ReusableContext&) = delete;
  ReusableContext& operator=(const ReusableContext&) = delete;

  // A live context with this deadline (TimePoint::max(): none). Valid until End.
  const Context& Begin(TimePoint deadline, const Error& deadline_cause);
  void Cancel(const Error& cause) noexcept;   // between Begin and End, from any thread
  void End(const Error& cause) noexcept;      // cancels what others still hold
  bool Done() const noexcept;                 // between Begin and End: it has ended already; does not look at the clock
  // Takes the deadline away; contexts derived before keep theirs.
  void DropDeadline() noexcept;

 private:
  Context values_;
  Context ctx_;
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_REUSABLE_CONTEXT_H_
