// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_LIVE_INTERNAL_CALLER_OR_DRAIN_H_
#define WEFT_HANDLERS_LIVE_INTERNAL_CALLER_OR_DRAIN_H_

#include <weft/concurrency/context.h>

namespace weft::internal {

// A context that ends with that of a caller and, as long as the drain counts, with the drain. It is derived anew only if one of the two has
// changed: many calls have the same context. Background() is a caller's context like any other.
class CallerOrDrain {
 public:
  bool IsFor(const Context& caller) const { return derived_ && caller_ == caller; }
  // `draining`: null where the drain does not count.
  const Context& Derive(const Context& caller, const Context* draining) {
    const bool drains = draining != nullptr;
    if (!IsFor(caller) || drains != drains_) {
      either_ = drains ? WithEither(caller, *draining) : WithCancel(caller);
      caller_ = caller;
      drains_ = drains;
      derived_ = true;
    }
    return either_.ctx;
  }
  void Reset() { derived_ = false; }

 private:
  Context caller_;
  CancelScope either_;
  bool derived_ = false;
  bool drains_ = false;
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_LIVE_INTERNAL_CALLER_OR_DRAIN_H_
