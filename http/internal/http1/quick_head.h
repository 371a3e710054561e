// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP1_QUICK_HEAD_H_
#define WEFT_HTTP_INTERNAL_HTTP1_QUICK_HEAD_H_

#include <cstddef>
#include <string_view>

#include <weft/http/internal/http1/head_limits.h>
#include <weft/http/internal/http1/request_head.h>

namespace weft::internal {

// Reads a head as nearly all are: whole, of HTTP/1.1, with a path for its target, and with names that are tokens. Sixteen
// bytes at a time, without a state between two bytes, which takes a third of what ParseHead's own parser takes.
//
// Returns the size of the head. 0: it is not such a head, or not a good one, or this machine has no SSE2. Then `head` is of no use, and the
// parser has the word: only it rejects anything. A head that this accepts, that one accepts with the same facts.
std::size_t ReadQuickHead(std::string_view bytes, const HeadLimits& limits, Head& head);

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_HTTP1_QUICK_HEAD_H_
