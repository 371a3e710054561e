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

  // How often the parameter occurs in each of its forms, up to where the grammar is broken.
  struct Forms {
    int plain = 0;           // name=
    int extended = 0;        // name*= (RFC 8187)
    bool in_pieces = false;  // name*0=, name*1*= and so on (RFC 2231)
  };
  Forms FormsOf(std::string_view name) const;

 private:
  // Calls `take(parameter, value)` for each of them until it returns false. False: it did, or the
  // grammar is broken.
  template <class F>
  bool ForEach(F take) const;

  std::string_view first_;
  std::string_view rest_;
};

// The value of an extended parameter (RFC 8187: `UTF-8'en'%e2%82%ac%20rates`), decoded. Empty: it is
// not UTF-8, or has a control character.
std::optional<std::string> DecodeExtended(std::string_view value);

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_CONTENT_INTERNAL_FIELD_PARAMETERS_H_
