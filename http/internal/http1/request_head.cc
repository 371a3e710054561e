// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http1/request_head.h>

#include <algorithm>

namespace weft::internal {

void FieldSpans::Grow() {
  constexpr std::size_t kFirst = 2;
  const std::size_t count = size();
  const std::size_t room = std::max(kFirst, 2 * static_cast<std::size_t>(room_end_ - spans_.get()));
  std::unique_ptr<FieldSpan[]> larger(new FieldSpan[room]);
  std::copy(begin(), end(), larger.get());
  spans_ = std::move(larger);
  end_ = spans_.get() + count;
  room_end_ = spans_.get() + room;
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
