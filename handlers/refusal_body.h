// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_REFUSAL_BODY_H_
#define WEFT_HANDLERS_REFUSAL_BODY_H_

#include <string>

namespace weft {

// The body of a response by which the server itself rejects a request that no handler has seen.
// ServerOptions::refusal makes one for each status when the server starts; the server keeps them.
//
//   options.refusal = [](int status) {
//     return weft::RefusalBody{"text/plain", "rejected: " + std::to_string(status) + "\n"};
//   };
struct RefusalBody {
  std::string content_type;  // the value of Content-Type
  std::string text;
};

}  // namespace weft

#endif  // WEFT_HANDLERS_REFUSAL_BODY_H_
