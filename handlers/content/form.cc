// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/form.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <weft/concurrency/run.h>
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

class FormParser {
 public:
  // `in_turns`: lets others of the loop run after each 64 KiB.
  FormParser(const FormOptions& options, bool in_turns) : options_(options), in_turns_(in_turns) {}

  Result<Form> Parse(std::string_view text) {
    Form form;
    while (!text.empty()) {
      const std::string_view pair = text.substr(0, text.find('&'));
      const std::size_t taken = std::min(text.size(), pair.size() + 1);
      text.remove_prefix(taken);
      if (pair.empty()) {
        Took(taken);
      } else if (Error err = Add(pair, form.fields_)) {
        return err;
      }
    }
    return form;
  }

 private:
  static constexpr std::size_t kTurn = 64 * 1024;

  Error Add(std::string_view pair, std::vector<std::pair<std::string, std::string>>& fields) {
    if (fields.size() == options_.fields_max) {
      return HttpError(413, "the form has more than " + std::to_string(options_.fields_max) + " fields");
    }
    const std::size_t equals = std::min(pair.find('='), pair.size());
    std::string name;
    std::string value;
    if (!Decode(pair.substr(0, equals), name)) {
      return HttpError(400, "the name of form field " + std::to_string(fields.size() + 1) + " has a broken escape");
    }
    // Some servers separate fields at it, so two readers of this form could see different fields.
    if (pair.find(';') != std::string_view::npos) {
      return HttpError(400, "form field \"" + name + "\": a semicolon that is not escaped");
    }
    if (!Decode(pair.substr(std::min(equals + 1, pair.size())), value)) {
      return HttpError(400, "form field \"" + name + "\": a broken escape");
    }
    fields.emplace_back(std::move(name), std::move(value));
    return {};
  }

  bool Decode(std::string_view text, std::string& out) {
    do {
      std::size_t size = std::min(text.size(), kTurn);
      // An escape is not split.
      if (size < text.size()) {
        const std::size_t percent = text.substr(size - 2, 2).find('%');
        if (percent != text.npos) size -= 2 - percent;
      }
      if (!internal::AppendDecodedQuery(text.substr(0, size), out)) return false;
      text.remove_prefix(size);
      Took(size + 1);
    } while (!text.empty());
    return true;
  }

  void Took(std::size_t size) {
    taken_ += size;
    if (taken_ < kTurn || !in_turns_) return;
    taken_ = 0;
    Yield();
  }

  const FormOptions& options_;
  const bool in_turns_;
  std::size_t taken_ = 0;
};

Result<Form> ParseForm(std::string_view text, FormOptions options) { return FormParser(options, false).Parse(text); }

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
  return FormParser(options, true).Parse(*text);
}

}  // namespace weft
