// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/access.h>

#include <exception>
#include <string>
#include <utility>
#include <vector>

#include <weft/concurrency/scope.h>
#include <weft/concurrency/scoped_context.h>
#include <weft/handlers/error_status.h>
#include <weft/http/internal/percent.h>

namespace weft {
namespace {

// A pooled request keeps at most this much for the next one.
constexpr std::size_t kKeptText = 4096;
constexpr std::size_t kKeptParameters = 64;

// An empty one was cleared before, which bounded its memory.
void ClearKeeping(std::string& text) noexcept {
  if (text.empty()) return;
  text.clear();
  if (text.capacity() > kKeptText) text = std::string();
}

template <class T>
void ClearKeeping(std::vector<T>& list) noexcept {
  if (list.empty()) return;
  list.clear();
  if (list.capacity() > kKeptParameters) list = std::vector<T>();
}

}  // namespace

void RequestAccess::DecodePath(Request& r) {
  if (r.raw_path_.find('%') == std::string_view::npos) return;
  internal::AppendDecoded(r.raw_path_, Extend(r).decoded_path_);
  r.path_ = r.decoded_path_;
}

void RequestAccess::End(Request& r) noexcept {
  r.method_ = r.target_ = r.path_ = r.raw_path_ = r.raw_query_ = r.host_ = r.pattern_ = {};
  r.long_lived_ = false;
  r.header_waits_ = false;
  r.header_.Clear();
  r.trailer_.Clear();
  r.ctx_ = r.draining_ = &internal::kNoContext;
  r.hooks_ = nullptr;
  r.body_.source_ = nullptr;
  r.body_.ctx_ = nullptr;
  r.body_.read_ = 0;
  r.body_.ended_ = false;
  r.body_.failure_ = Error();
  if (r.extended_) [[unlikely]] DropExtensions(r);
}

void RequestAccess::DropExtensions(Request& r) noexcept {
  r.extended_ = false;
  ClearKeeping(r.id_);
  ClearKeeping(r.user_);
  ClearKeeping(r.forwarded_peer_);
  ClearKeeping(r.decoded_path_);
  ClearKeeping(r.path_values_);
  if (!std::exchange(r.query_parsed_, false)) return;
  if (r.decoded_query_.capacity() > kKeptText) r.decoded_query_ = std::string();  // reserved, even if nothing was decoded
  ClearKeeping(r.decoded_query_);
  ClearKeeping(r.query_);
}

// Hooks and filters are code of users, and may throw.
[[gnu::always_inline]] inline Error ResponseAccess::FinishOrCatch(ResponseWriter& w) {
  try {
    return w.Finish();
  } catch (...) {
    return Error::FromException(std::current_exception());
  }
}

Error ResponseAccess::Complete(ResponseWriter& w, const Error& handlers) {
  if (w.extras_.HasCompletions()) return CompleteAndCall(w, handlers);
  if (handlers || w.state_ == ResponseWriter::State::kHijacked) [[unlikely]] return Finish(w, handlers);
  Error outcome = FinishOrCatch(w);
  return outcome ? FinishFailed(w, std::move(outcome)) : Error();
}

Error ResponseAccess::CompleteAndCall(ResponseWriter& w, const Error& handlers) {
  Error outcome;
  try {
    outcome = Finish(w, handlers);
  } catch (...) {  // usually no memory for the response to an Error, which is logged and counted all the same
    static_cast<void>(CallAtCompletion(w, handlers, Error::FromException(std::current_exception())));
    throw;
  }
  Error failure = CallAtCompletion(w, handlers, outcome);
  return outcome ? outcome : failure;
}

Error ResponseAccess::CallAtCompletion(ResponseWriter& w, const Error& handlers, const Error& outcome) {
  Error failure;
  while (!w.extras_.at_completion.empty()) {
    const internal::AtCompletion left = std::move(w.extras_.at_completion.back());
    w.extras_.at_completion.pop_back();
    internal::Outcome what = OutcomeOf(w, left.error ? left.error : handlers);
    what.error = left.error ? left.error : outcome;
    try {
      const ScopedContext current(left.ctx);
      left.call(left, what);
    } catch (...) {
      failure = Error::FromException(std::current_exception());
    }
  }
  return failure;
}

internal::Outcome ResponseAccess::OutcomeOf(const ResponseWriter& w, const Error& handlers) {
  const bool hijacked = w.extras_.stream.Lent();
  internal::Outcome outcome;
  outcome.aborted = w.failure_ || (hijacked && handlers);
  outcome.status = outcome.aborted && handlers && !w.head_sent_ ? StatusOf(handlers) : w.Status();
  if (hijacked) {
    outcome.bytes = w.extras_.stream.BytesWritten();
  } else if (!w.head_only_) {
    outcome.bytes = outcome.aborted ? w.written_ - w.buffered_ : w.written_;
  }
  return outcome;
}

Error ResponseAccess::Finish(ResponseWriter& w, Error handlers) {
  if (w.state_ == ResponseWriter::State::kHijacked) {
    if (w.extras_.after_handler) std::exchange(w.extras_.after_handler, nullptr)(handlers);
    return handlers;
  }
  if (handlers) return FinishFailed(w, std::move(handlers));
  Error outcome = FinishOrCatch(w);
  return outcome ? FinishFailed(w, std::move(outcome)) : Error();
}

Error ResponseAccess::FinishFailed(ResponseWriter& w, Error outcome) {
  if (w.failure_ || w.head_sent_) {
    w.Abort();
    return outcome;
  }
  FinishWithError(w, outcome);
  if (FinishOrCatch(w)) w.Abort();
  return outcome;
}

Error CallHandler(const Handler& handler, ResponseWriter& w, Request& r) {
  try {
    return handler(w, r);
  } catch (...) {
    return Error::FromException(std::current_exception());
  }
}

}  // namespace weft
