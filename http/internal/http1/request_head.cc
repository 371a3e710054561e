// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http1/request_head.h>

namespace weft::internal {

void Head::Reset() {
  static_cast<HeadFacts&>(*this) = HeadFacts();
  fields.clear();
}

void Head::DropEmptyLines() {
  const std::uint8_t counted = empty_lines;
  Reset();
  empty_lines = counted;
}

void Head::AppendFieldsTo(Fields& out, const char* buffer) const {
  for (const FieldSpan& field : fields) {
    out.AddBorrowed({buffer + field.name_begin, field.name_size}, {buffer + field.value_begin, field.value_size});
  }
}

}  // namespace weft::internal
