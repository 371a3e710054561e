// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_INTERNAL_FILE_NAME_H_
#define WEFT_HANDLERS_CONTENT_INTERNAL_FILE_NAME_H_

#include <optional>
#include <string>
#include <string_view>

namespace weft::internal {

// The name, relative to the root, of the file that a path refers to; "." for the root itself. A path
// that ends with a slash refers to `index` in that folder. Nothing if the path does not begin with
// `prefix`, which ends without a slash, or may not be served: it has empty segments, ".", "..",
// NUL, or, unless `hidden`, names that begin with a dot other than .well-known at the top.
std::optional<std::string> FileNameOf(std::string_view path, std::string_view prefix,
                                      std::string_view index, bool hidden);

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_CONTENT_INTERNAL_FILE_NAME_H_
