// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_WIRE_TARGET_H_
#define WEFT_SERVER_INTERNAL_WIRE_TARGET_H_

#include <weft/server/internal/wire/head_parser.h>
#include <weft/server/internal/wire/refusal.h>

namespace weft::internal {

// Tells the form of the target of a head whose request line has been read, and fills in path, query and, if the
// target names it, host (RFC 9112 section 3.2).
Refusal ReadTargetForm(const char* buffer, Head& head);

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_WIRE_TARGET_H_
