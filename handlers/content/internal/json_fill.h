// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_INTERNAL_JSON_FILL_H_
#define WEFT_HANDLERS_CONTENT_INTERNAL_JSON_FILL_H_

#include <cstddef>
#include <string>
#include <string_view>

#include <weft/handlers/content/internal/json_type.h>

namespace weft::internal {

struct JsonFault {
  std::string text;        // in words for the client, with the position; empty: there is none
  bool too_large = false;  // the values take more than `memory_max`
};

// Reads the JSON text in `text` into the object at `out`, which is of this type and newly
// made. Returns what is wrong with it. If there is a fault, the object holds what came before it.
//
// Its stack grows with the depth of the text, up to `depth_max`, and its memory with what it reads:
// strings take about as much as in the text; elements of containers and members of maps, by
// their size, at most `memory_max`. With `in_turns` it lets others of its loop run after each 64 KiB
// of text (Yield); it never waits.
JsonFault FillFromJson(std::string_view text, void* out, const JsonType& type,
                       bool unknown_members, std::size_t depth_max, std::size_t memory_max,
                       bool in_turns);

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_CONTENT_INTERNAL_JSON_FILL_H_
