// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_REFUSAL_BODY_H_
#define WEFT_HANDLERS_REFUSAL_BODY_H_

#include <string>

namespace weft {

// The body of a response by which the server itself rejects a request that no handler has seen.
struct RefusalBody {
  std::string content_type;
  std::string text;
};

}  // namespace weft

#endif  // WEFT_HANDLERS_REFUSAL_BODY_H_
