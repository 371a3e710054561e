// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_INTERNAL_FIELD_PARAMETERS_H_
#define WEFT_HANDLERS_CONTENT_INTERNAL_FIELD_PARAMETERS_H_

#include <optional>
#include <string>
#include <string_view>

namespace weft::internal {

// The value of a field that has parameters (RFC 9110 section 5.6.6): `text/plain; charset="utf-8"`.
class FieldParameters {
 public:
  // Keeps views of `value`.
  explicit FieldParameters(std::string_view value);

  // What comes before the parameters, without blanks around it: "text/plain". Case is as it came.
  std::string_view First() const { return first_; }

  // The value of the parameter of this name, without regard to the case of the name; quotes and
  // escapes are taken off. Empty if there is none, if it occurs twice, or if any of the parameters
  // breaks the grammar.
  std::optional<std::string> Get(std::string_view name) const;

 private:
  std::string_view first_;
  std::string_view rest_;
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_CONTENT_INTERNAL_FIELD_PARAMETERS_H_
