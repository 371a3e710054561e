// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_SNIFF_H_
#define WEFT_HTTP_INTERNAL_SNIFF_H_

#include <string_view>

namespace weft::internal {

// Guesses the Content-Type of a body from its first bytes (at most 512 are looked at), as Go's DetectContentType
// promises: HTML and XML by their leading tag, common images, archives, fonts, audio and video by their magic,
// "text/plain; charset=utf-8" for bodies without a binary byte, else "application/octet-stream". Static text.
// An empty body is text.
std::string_view SniffContentType(std::string_view body);

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_SNIFF_H_
