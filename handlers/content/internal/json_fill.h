// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_INTERNAL_JSON_FILL_H_
#define WEFT_HANDLERS_CONTENT_INTERNAL_JSON_FILL_H_

#include <cstddef>
#include <string>
#include <string_view>

#include <weft/handlers/content/internal/json_type.h>

namespace weft::internal {

// Reads the one JSON text in `text` into the object at `out`, which is of this type and freshly
// made. Returns what is wrong with it, with the place, in words for the client; empty if nothing
// is. An object that was not filled to its end holds what came before the fault.
//
// Its stack grows with the depth of the text, up to `depth_max`, and its memory with what it reads,
// at most some dozen times the text. It never suspends.
std::string FillFromJson(std::string_view text, void* out, const JsonType& type,
                         bool unknown_members, std::size_t depth_max);

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_CONTENT_INTERNAL_JSON_FILL_H_
