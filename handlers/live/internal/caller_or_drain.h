// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_LIVE_INTERNAL_CALLER_OR_DRAIN_H_
#define WEFT_HANDLERS_LIVE_INTERNAL_CALLER_OR_DRAIN_H_

#include <weft/concurrency/context.h>

namespace weft::internal {

// Derives contexts that end with that of a caller and, as long as the drain counts, with the drain; and knows for which caller it did so last:
// many calls have the same context. Background() is a caller's context like any other.
class CallerOrDrain {
 public:
  bool IsFor(const Context& caller) const { return derived_ && caller_ == caller; }
  // `draining`: null where the drain does not count.
  CancelScope Derive(const Context& caller, const Context* draining) {
    derived_ = false;
    CancelScope scope = draining != nullptr ? WithEither(caller, *draining) : WithCancel(caller);
    caller_ = caller;
    derived_ = true;
    return scope;
  }
  void Reset() { derived_ = false; }

 private:
  Context caller_;
  bool derived_ = false;
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_LIVE_INTERNAL_CALLER_OR_DRAIN_H_
