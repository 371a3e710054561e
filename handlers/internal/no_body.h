// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_INTERNAL_NO_BODY_H_
#define WEFT_HANDLERS_INTERNAL_NO_BODY_H_

#include <string>

#include <weft/concurrency/error.h>

namespace weft::internal {

// The Error for a handler that writes a body although the status allows none (StatusAllowsBody).
[[gnu::cold]] inline Error NoBody(int status) {
  return Error::New("a response with status " + std::to_string(status) + " has no body");
}

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_INTERNAL_NO_BODY_H_
