// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_INTERNAL_COMPRESS_RULES_H_
#define WEFT_HANDLERS_MIDDLEWARE_INTERNAL_COMPRESS_RULES_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include <weft/http/fields.h>

namespace weft::internal {

// What the head of a response says about compressing it.
enum class Verdict : std::uint8_t {
  kNo,
  kYes,        // depends on the client
  kByContent,  // there is no type: the first bytes determine it
};

Verdict Judge(int status, const Fields& response,
              const std::function<bool(std::string_view content_type)>& types);

// The Content-Length that the handler has set.
std::optional<std::uint64_t> DeclaredLength(const Fields& response);

// Turns the head of a response into that of its compressed form.
void MarkEncoded(Fields& response);

// A 304 refers to the response that the client has stored. If that was compressed, its tag was weak.
void MarkNotModified(const Fields& request, Fields& response);

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_MIDDLEWARE_INTERNAL_COMPRESS_RULES_H_
