// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_FILE_TYPES_H_
#define WEFT_HTTP_INTERNAL_FILE_TYPES_H_

#include <string_view>

namespace weft::internal {

// The Content-Type of files whose names have this ending ("html", in any case); empty if it is not
// known. Static text.
std::string_view TypeOfEnding(std::string_view ending);

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_FILE_TYPES_H_
