// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_ERROR_REP_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_ERROR_REP_H_

#include <atomic>
#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <vector>

namespace weft {
class Error;
enum class Errc : std::int32_t;
}  // namespace weft

namespace weft::internal {

// What an Error points to. Constants live in static storage with `refs` below zero and are never freed.
struct ErrorRep {
  constexpr ErrorRep(std::int32_t initial_refs, std::int32_t weft_code, std::string_view what) noexcept
      : refs(initial_refs), code(weft_code), text(what) {}

  mutable std::atomic<std::int32_t> refs;
  std::int32_t code;      // an Errc, or 0
  std::string_view text;  // owned by the derived OwnedErrorRep, or a literal
};

void FreeErrorRep(const ErrorRep* rep) noexcept;
// `joined`, if any, lies in the payload: Is and As look through these errors, too.
Error MakeTypedError(std::string message, std::shared_ptr<const void> payload, const void* type_tag, Errc code,
                     const std::vector<Error>* joined = nullptr);
[[noreturn]] void AbortMisuse(const char* function, const char* rule) noexcept;

// Its address identifies the type T. There is one for weft and the program even if weft is a shared library and the program hides its
// symbols; weft's own types that are carried must be visible as well.
template <class T>
[[gnu::visibility("default")]] inline constexpr char kTypeTag = 0;

template <class E>
concept ErrorCodeEnum = std::is_enum_v<E> && requires(E e) {
  { make_error_code(e) } -> std::convertible_to<std::error_code>;
};

inline constinit const ErrorRep kCanceledRep{-1, 1, "context canceled"};
inline constinit const ErrorRep kDeadlineExceededRep{-1, 2, "deadline exceeded"};
inline constinit const ErrorRep kClosedRep{-1, 3, "closed"};
inline constinit const ErrorRep kServerClosingRep{-1, 4, "server closing"};
inline constinit const ErrorRep kClientGoneRep{-1, 5, "client gone"};
inline constinit const ErrorRep kTooLargeRep{-1, 6, "too large"};
inline constinit const ErrorRep kTimeoutRep{-1, 7, "timed out"};
inline constinit const ErrorRep kMalformedRep{-1, 8, "malformed"};
inline constinit const ErrorRep kRefusedRep{-1, 9, "refused"};
inline constinit const ErrorRep kDeadlockRep{-1, 10, "deadlock"};
inline constinit const ErrorRep kLeakedRep{-1, 11, "leaked"};
inline constinit const ErrorRep kUnavailableRep{-1, 12, "unavailable"};
inline constinit const ErrorRep kUpstreamFailedRep{-1, 13, "upstream failed"};
inline constinit const ErrorRep kUpstreamTimeoutRep{-1, 14, "upstream timed out"};

// How a context ends that was not canceled: by the end of its scope. These are constants, so they cost neither memory nor a
// reference count.
inline constinit const ErrorRep kScopeGoneRep{-1, 1, "the CancelScope of this context is gone"};
inline constinit const ErrorRep kCanceledByScopeRep{-1, 1, "context canceled: the CancelScope of this context is gone"};
// What a Result holds if moving a new value in has thrown after the old one was destroyed.
inline constinit const ErrorRep kValueLostRep{-1, 0, "the value was lost: assigning another one threw"};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_ERROR_REP_H_
