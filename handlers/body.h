// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_BODY_H_
#define WEFT_HANDLERS_BODY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include <weft/concurrency/error.h>
#include <weft/concurrency/scope.h>
#include <weft/concurrency/unlimited.h>

namespace weft {

class BodySource;
class Context;

// The body of a request, read as a stream. A request without a body has an empty one.
//
// Reading may suspend: it waits for the client under the request's context (Request::Ctx, so
// Request::Use decides) and under the server's limit for a client that stalls. The errors, and the
// answer that a handler gives by returning them:
//   kTooLarge    more than the limit allows                               413
//   kMalformed   the framing is broken, or the client closed too early    400
//                too many trailers, or too large ones                     431
//   kTimeout     the client was too slow                                  408
//   kClientGone  the connection broke                                     none
//   the error of the context, when it is done
// After an error other than the context's every later call returns the same error.
//
// It belongs to its request's fiber: a call after the handler has returned, from another loop, or
// from a fiber of another request aborts the process with the reason. One fiber reads at a time.
//
//   std::array<char, 8192> piece;
//   while (true) {
//     weft::Result<std::size_t> n = r.Body().Read(piece);
//     if (weft::Error err = n.Err()) return err;
//     if (*n == 0) break;
//     hash.Update({piece.data(), *n});
//   }
class Body {
 public:
  [[deprecated("weft::kUnlimited")]] static constexpr std::uint64_t kNoLimit = kUnlimited;

  Body() = default;
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;

  // Reads what is there, at least one byte and at most `buffer`; 0 at the end of the body (or into
  // an empty buffer).
  Result<std::size_t> Read(std::span<char> buffer);
  // The same, waiting under this context in place of the request's; its error is no failure of the body, which can be
  // read on. So a body is a Reader (concurrency/copy.h).
  Result<std::size_t> Read(const Context& ctx, std::span<char> buffer);

  // Reads all that is left.
  Result<std::string> ReadAll();

  // Replaces the server's limit, in bytes of the whole body; kUnlimited lifts it. The limit is first
  // looked at by the first Read, so a handler may raise it before it reads.
  void SetLimit(std::uint64_t bytes);

  // The length that the client has declared, before anything is read; empty for a body that comes
  // in chunks.
  std::optional<std::uint64_t> Declared() const;

 private:
  friend class RequestAccess;
  friend class RequestContextScope;

  void Check(const char* function) const;
  Error BeforeRead(const Context& ctx);

  BodySource* source_ = nullptr;  // null: empty
  const Context* ctx_ = nullptr;  // the request's; null: not in use
  Scope scope_;
  std::uint64_t limit_ = kUnlimited;
  std::uint64_t read_ = 0;
  bool ended_ = false;
  Error failure_;
};

}  // namespace weft

#endif  // WEFT_HANDLERS_BODY_H_
