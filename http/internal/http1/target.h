// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP1_TARGET_H_
#define WEFT_HTTP_INTERNAL_HTTP1_TARGET_H_

#include <weft/http/internal/http1/refusal.h>
#include <weft/http/internal/http1/request_head.h>

namespace weft::internal {

// Determines the form of the target of a head whose request line has been read, and fills in path, query and, if the target
// names it, host (RFC 9112 section 3.2).
Refusal ReadTargetForm(const char* buffer, Head& head);

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_HTTP1_TARGET_H_
