// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_ERROR_ACCESS_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_ERROR_ACCESS_H_

#include <utility>

#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/error_rep.h>

namespace weft {

// Gives weft's own code access to the representation of an Error.
class ErrorAccess {
 public:
  static const internal::ErrorRep* Rep(const Error& error) noexcept { return error.rep_; }
  static Error Adopt(const internal::ErrorRep* rep) noexcept { return Error(rep); }  // takes over a reference
  static const internal::ErrorRep* Release(Error error) noexcept { return std::exchange(error.rep_, nullptr); }
  static Error Share(const internal::ErrorRep* rep) noexcept {  // adds a reference
    Error error(rep);
    error.Ref();
    return error;
  }
  // An error with a code and a cause, such as a context's: "context canceled: interrupt".
  static Error Coded(Errc code, const Error& cause);
  // The same, with the message of the cause alone.
  static Error CodedInWordsOf(const Error& cause, Errc code);
  // std::errc::not_enough_memory, allocated in advance.
  static const Error& NoMemory() noexcept;
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_ERROR_ACCESS_H_
