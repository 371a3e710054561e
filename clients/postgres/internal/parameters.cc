// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/internal/parameters.h>

#include <cstring>

namespace weft::postgres::internal {

void Parameters::Pointers(const char** out) const {
  for (std::size_t i = 0; i < count_; ++i) out[i] = starts_[i] == kNull ? nullptr : text_.data() + starts_[i];
}

int Parameters::WithZeroByte() const {
  std::size_t end = text_.size();
  for (std::size_t i = count_; i-- > 0;) {
    if (starts_[i] == kNull) continue;
    if (std::memchr(text_.data() + starts_[i], 0, end - 1 - starts_[i]) != nullptr) return static_cast<int>(i) + 1;
    end = starts_[i];
  }
  return 0;
}

}  // namespace weft::postgres::internal
