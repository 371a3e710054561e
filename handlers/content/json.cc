// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/json.h>

#include <array>

#include <weft/handlers/content/internal/field_parameters.h>
#include <weft/handlers/content/internal/json_fill.h>
#include <weft/handlers/content/internal/plain_body.h>
#include <weft/handlers/handler.h>
#include <weft/http/internal/text.h>

namespace weft::internal {
namespace {

constexpr std::size_t kSmallBody = 4096;

bool IsJsonType(std::string_view type) {
  constexpr std::string_view kSuffix = "+json";  // RFC 6839 section 3.1
  if (EqualsIgnoreCase(type, "application/json")) return true;
  return type.size() > kSuffix.size() && type.find('/') != std::string_view::npos &&
         EqualsIgnoreCase(type.substr(type.size() - kSuffix.size()), kSuffix);
}

Error CheckType(const Request& r) {
  const std::string_view field = r.Header().Get("Content-Type");
  if (field == "application/json") return {};
  const FieldParameters type(field);
  const std::optional<std::string> charset = type.Get("charset");
  if (!IsJsonType(type.First())) {
    return HttpError(415, "the body must be JSON, with Content-Type: application/json");
  }
  if (charset && !EqualsIgnoreCase(*charset, "utf-8")) {
    return HttpError(415, "JSON must be in UTF-8");
  }
  return {};
}

void CheckOptions(const char* function, const JsonOptions& options) {
  if (options.depth_max < 1 || options.depth_max > 512) {
    AbortMisuse(function, "JsonOptions::depth_max must be in 1..512");
  }
}

JsonFault Fill(std::string_view text, void* out, const JsonType& type,
               const JsonOptions& options, bool in_turns) {
  return FillFromJson(text, out, type, options.unknown_members, options.depth_max,
                      options.memory_max, in_turns);
}

Error FillFromBody(std::string_view text, void* out, const JsonType& type,
                   const JsonOptions& options) {
  JsonFault fault = Fill(text, out, type, options, true);
  if (fault.text.empty()) return {};
  return HttpError(fault.too_large ? 413 : 400, std::move(fault.text));
}

}  // namespace

Error ReadJsonInto(Request& r, void* out, const JsonType& type, const JsonOptions& options) {
  CheckOptions("ReadJson", options);
  if (Error err = CheckType(r)) return err;
  if (Error err = CheckPlain(r)) return err;
  Body& body = r.Body();
  if (body.Declared().value_or(kSmallBody + 1) > kSmallBody) {
    Result<std::string> text = body.ReadAll();
    if (Error err = text.Err()) return err;
    return FillFromBody(*text, out, type, options);
  }
  std::array<char, kSmallBody + 1> text;
  std::size_t size = 0;
  while (true) {
    const Result<std::size_t> n = body.Read(std::span(text).subspan(size));
    if (Error err = n.Err()) return err;
    if (*n == 0) break;
    size += *n;
  }
  return FillFromBody({text.data(), size}, out, type, options);
}

Error ParseJsonInto(std::string_view text, void* out, const JsonType& type,
                    const JsonOptions& options) {
  CheckOptions("ParseJson", options);
  const JsonFault fault = Fill(text, out, type, options, false);
  return fault.text.empty() ? Error() : Error::New("JSON cannot be read: " + fault.text);
}

Error SendJson(ResponseWriter& w, int status, const JsonText& text) {
  if (!w.Header().Has("Content-Type")) w.Header().Set("Content-Type", "application/json");
  w.WriteHeader(status);
  return w.Write(text.View());
}

}  // namespace weft::internal
