// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_CONSTANT_TIME_H_
#define WEFT_HANDLERS_MIDDLEWARE_CONSTANT_TIME_H_

#include <string_view>

namespace weft {

// Whether `came` equals the secret. The time depends only on the length of `came`, not on where the
// two differ, so an attacker cannot find a secret byte by byte by measuring time. Only the length
// of the secret may leak. For tokens, passwords and signatures (Go's subtle.ConstantTimeCompare).
//
//   if (!weft::EqualInConstantTime(r.Header().Get("X-Signature"), Sign(*body))) {
//     return weft::HttpError(401, "the signature is not valid");
//   }
bool EqualInConstantTime(std::string_view came, std::string_view secret) noexcept;

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_CONSTANT_TIME_H_
