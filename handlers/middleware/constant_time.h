// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_CONSTANT_TIME_H_
#define WEFT_HANDLERS_MIDDLEWARE_CONSTANT_TIME_H_

#include <string_view>

namespace weft {

// Whether what came is the secret. It takes as long as what came is long, wherever the two differ,
// so that nobody can find a secret byte by byte with a watch; only the secret's length may show.
// For tokens, passwords and signatures (Go's subtle.ConstantTimeCompare).
bool EqualInConstantTime(std::string_view came, std::string_view secret) noexcept;

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_CONSTANT_TIME_H_
