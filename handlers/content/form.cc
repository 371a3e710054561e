// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/form.h>

#include <algorithm>

#include <weft/handlers/content/internal/field_parameters.h>
#include <weft/handlers/content/internal/plain_body.h>
#include <weft/handlers/handler.h>
#include <weft/http/internal/percent.h>
#include <weft/http/internal/text.h>

namespace weft {

std::optional<std::string_view> Form::Get(std::string_view name) const {
  for (const auto& [field, value] : fields_) {
    if (field == name) return value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Form::Values(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [field, value] : fields_) {
    if (field == name) values.push_back(value);
  }
  return values;
}

Result<Form> ParseForm(std::string_view text, FormOptions options) {
  Form form;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    if (form.fields_.size() == options.fields_max) {
      return HttpError(413,
                       "the form has more than " + std::to_string(options.fields_max) + " fields");
    }
    const std::size_t equals = std::min(pair.find('='), pair.size());
    std::string name;
    std::string value;
    if (!internal::AppendDecodedQuery(pair.substr(0, equals), name)) {
      return HttpError(400, "the name of form field " + std::to_string(form.fields_.size() + 1) +
                                " has a broken escape");
    }
    // Some servers part fields at it, so two readers of this form could see different ones.
    if (pair.find(';') != std::string_view::npos) {
      return HttpError(400, "form field \"" + name + "\": a semicolon that is not escaped");
    }
    if (!internal::AppendDecodedQuery(pair.substr(std::min(equals + 1, pair.size())), value)) {
      return HttpError(400, "form field \"" + name + "\": a broken escape");
    }
    form.fields_.emplace_back(std::move(name), std::move(value));
  }
  return form;
}

Result<Form> ReadForm(Request& r, FormOptions options) {
  constexpr std::string_view kType = "application/x-www-form-urlencoded";
  if (!internal::EqualsIgnoreCase(internal::FieldParameters(r.Header().Get("Content-Type")).First(),
                                  kType)) {
    return HttpError(
        415, "the body must be a form, with Content-Type: application/x-www-form-urlencoded");
  }
  if (Error err = internal::CheckPlain(r)) return err;
  Result<std::string> text = r.Body().ReadAll();
  if (Error err = text.Err()) return err;
  return ParseForm(*text, options);
}

}  // namespace weft
