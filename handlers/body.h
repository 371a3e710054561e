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
// Reading may suspend: it waits for the client under the request's context (Request::Ctx, so that
// Request::Use applies), and under the server's limit for clients that stall. These are the errors,
// and the status of the response if the handler returns them:
//   kTooLarge    more than the limit allows                               413
//   kMalformed   the framing is broken, or the client closed too early    400
//                too many trailers, or trailers that are too large        431
//   kTimeout     the client was too slow                                  408
//   kClientGone  the connection broke                                     none
//   the error of the context, when it is done
// After an error other than the context's, all later calls return the same error.
//
// It belongs to its request's fiber: a call after the handler has returned, from another loop, or
// from a fiber of another request aborts the process with the reason. One fiber at a time may read.
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

  // Reads what is there, at least one byte and at most the size of `buffer`. Returns 0 at the end
  // of the body, or if the buffer is empty.
  Result<std::size_t> Read(std::span<char> buffer);
  // The same, waiting under this context instead of the request's. If it is done, the body has not
  // failed and can still be read. This makes a body a Reader (concurrency/copy.h).
  Result<std::size_t> Read(const Context& ctx, std::span<char> buffer);

  // Reads everything that is left.
  Result<std::string> ReadAll();

  // Replaces the server's limit, in bytes of the whole body; kUnlimited removes it. The limit
  // applies from the first Read on, so a handler may raise it before that.
  void SetLimit(std::uint64_t bytes);

  // The length that the client has declared, known before anything is read. Empty for a body in
  // chunks.
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
