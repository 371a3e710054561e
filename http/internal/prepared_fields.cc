// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/prepared_fields.h>

#include <cstring>

#include <weft/http/internal/text.h>

namespace weft::internal {

bool PreparedFields::Add(std::string_view name, std::string_view value) {
  Fields check;
  if (!check.Set(name, value)) return false;
  value = TrimBlanks(value);
  bytes_.append(name).append(value);
  sizes_.push_back({name.size(), value.size()});
  size_bits_ |= Fields::SizeBit(name);
  return true;
}

void PreparedFields::SetIn(Fields& fields) const {
  const char* from = bytes_.data();
  if ((fields.sizes_ & size_bits_) != 0) {  // one of them may be there already
    for (const Sizes& size : sizes_) {
      fields.Set({from, size.name}, {from + size.name, size.value});
      from += size.name + size.value;
    }
    return;
  }
  if (sizes_.empty()) return;
  char* at = fields.Room(bytes_.size());
  std::memcpy(at, from, bytes_.size());
  fields.sizes_ |= size_bits_;
  for (const Sizes& size : sizes_) {
    fields.list_.push_back({{at, size.name}, {at + size.name, size.value}});
    at += size.name + size.value;
  }
}

}  // namespace weft::internal
