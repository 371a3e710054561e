// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_MAX_BYTES_H_
#define WEFT_HANDLERS_MIDDLEWARE_MAX_BYTES_H_

#include <cstdint>

#include <weft/handlers/handler.h>

namespace weft {

// Bounds the body of the request, in place of ServerOptions::body_bytes_max, upwards or downwards.
// The handler's read fails with kTooLarge, which responds 413: the first one where the body
// declares more, before a client that asked (Expect: 100-continue) has sent any of it, else the one
// that goes beyond. The innermost MaxBytes counts, so a group may have a small limit and one of its
// routes a large one. kUnlimited lifts the limit.
//
//   mux.Handle("POST /avatar", SaveAvatar, {weft::MaxBytes(5 * 1024 * 1024)});
Middleware MaxBytes(std::uint64_t bytes);

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_MAX_BYTES_H_
