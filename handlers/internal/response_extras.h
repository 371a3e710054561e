// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_INTERNAL_RESPONSE_EXTRAS_H_
#define WEFT_HANDLERS_INTERNAL_RESPONSE_EXTRAS_H_

#include <functional>
#include <vector>

#include <weft/concurrency/error.h>
#include <weft/handlers/internal/completion.h>
#include <weft/handlers/internal/filter_chain.h>
#include <weft/http/fields.h>
#include <weft/net/stream_loan.h>

namespace weft::internal {

// What a ResponseWriter has for the responses that need more than a head and bytes. Most need none of
// it, and then one test says so at the end.
class ResponseExtras {
 public:
  // For all that changes them.
  ResponseExtras& Use() {
    used_ = true;
    return *this;
  }
  bool HasFilters() const { return used_ && !filters.Empty(); }
  bool HasHooks() const { return used_ && !hooks.empty(); }
  bool HasTrailer() const { return used_ && trailer.Size() > 0; }
  bool HasCompletions() const { return used_ && !at_completion.empty(); }

  // Ends all of it, and keeps the memory.
  void Clear() {
    if (used_) [[unlikely]] Drop();
  }

  Fields trailer;
  std::vector<std::function<void()>> hooks;
  FilterChain filters;
  StreamLoan stream;  // after Hijack
  std::function<void(const Error&)> after_handler;
  std::vector<AtCompletion> at_completion;

 private:
  void Drop();

  bool used_ = false;
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_INTERNAL_RESPONSE_EXTRAS_H_
