// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_FORM_H_
#define WEFT_HANDLERS_CONTENT_FORM_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/concurrency/error.h>
#include <weft/handlers/request.h>

namespace weft {

struct FormOptions {
  // How many fields a form may have. More are an error, because each lookup by name searches all of
  // them.
  std::size_t fields_max = 1000;
};

// The fields of a form in order, decoded. A name may occur more than once. It is a plain value and
// may outlive its request. Its views are valid as long as it lives and is not moved.
class Form {
 public:
  // The first value of this name; empty if there is none.
  std::optional<std::string_view> Get(std::string_view name) const;
  // All values of this name, in order.
  std::vector<std::string_view> Values(std::string_view name) const;

  // The first value as a T: a number, bool ("true", "false", "1" or "0"), std::string or
  // std::string_view. Fails with a 400 that names the field if there is none, or if it is not a T.
  template <class T>
  Result<T> As(std::string_view name) const {
    const std::optional<std::string_view> text = Get(name);
    if (!text) return internal::MissingParameter({"form field", name});
    return internal::ParseParameter<T>(*text, {"form field", name});
  }
  // The same, but returns `fallback` if there is none.
  template <class T>
  Result<T> Or(std::string_view name, std::type_identity_t<T> fallback) const {
    if (!Get(name)) return fallback;
    return As<T>(name);
  }

  std::size_t Size() const { return fields_.size(); }
  std::string_view NameAt(std::size_t i) const { return fields_[i].first; }
  std::string_view ValueAt(std::size_t i) const { return fields_[i].second; }

 private:
  friend class FormParser;
  friend class MultipartForm;
  std::vector<std::pair<std::string, std::string>> fields_;
};

// Reads the body of a request as a form (application/x-www-form-urlencoded, as browsers send it by
// POST). It suspends while the body arrives, and reads one of more than 64 KiB in turns with others
// of the loop. The errors, by the status of the response:
//   415  another Content-Type, or none; or a Content-Encoding
//   413  the body is larger than its limit (Body::SetLimit); or there are more fields than allowed
//   400  a broken escape or a semicolon, with the name of the field
//   others of Body
// This is Go's Request.ParseForm without the query, which is separate: Request::Query.
//
//   weft::Result<weft::Form> form = weft::ReadForm(r);
//   if (weft::Error err = form.Err()) return err;
//   weft::Result<int> age = form->As<int>("age");
Result<Form> ReadForm(Request& r, FormOptions options = {});

// The same for a text from elsewhere. Never suspends.
Result<Form> ParseForm(std::string_view text, FormOptions options = {});

}  // namespace weft

#endif  // WEFT_HANDLERS_CONTENT_FORM_H_
