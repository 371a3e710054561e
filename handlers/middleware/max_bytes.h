// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_MAX_BYTES_H_
#define WEFT_HANDLERS_MIDDLEWARE_MAX_BYTES_H_

#include <cstdint>

#include <weft/handlers/handler.h>

namespace weft {

// Limits the body of the request, instead of ServerOptions::body_bytes_max; it may be higher or
// lower. Beyond it the handler's read fails with kTooLarge, which responds with 413. If the body
// declares more, that is the first read, before a client that asked (Expect: 100-continue) has sent
// any of it; otherwise it is the read that exceeds the limit. The innermost MaxBytes counts, so a
// group may have a small limit and one of its routes a large one. kUnlimited removes the limit.
//
//   mux.Handle("POST /avatar", SaveAvatar, {weft::MaxBytes(5 * 1024 * 1024)});
Middleware MaxBytes(std::uint64_t bytes);

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_MAX_BYTES_H_
