// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_PREPARED_FIELDS_H_
#define WEFT_HTTP_INTERNAL_PREPARED_FIELDS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <weft/http/fields.h>

namespace weft::internal {

// Fields that many messages have in common: checked once, and then copied into each message in one
// piece, where Fields::Set would check, search and copy each of them every time.
class PreparedFields {
 public:
  // Returns false and adds nothing if Fields::Set would reject it. No name twice.
  bool Add(std::string_view name, std::string_view value);

  // Has the same effect as Set for each field, in the order in which they were added.
  void SetIn(Fields& fields) const;

 private:
  struct Sizes {
    std::size_t name;
    std::size_t value;
  };

  std::string bytes_;  // names and values, without anything between them
  std::vector<Sizes> sizes_;
  std::uint64_t size_bits_ = 0;  // as in Fields
};

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_PREPARED_FIELDS_H_
