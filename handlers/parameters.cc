// SPDX-License-Identifier: Apache-2.0
// The values that Request::PathValueAs and QueryAs convert to.
#include <charconv>
#include <cmath>
#include <system_error>

#include <weft/handlers/handler.h>
#include <weft/handlers/request.h>

namespace weft::internal {
namespace {

Error BadParameter(ParameterName name, std::string_view what) {
  std::string text = name.kind;
  text.append(" \"").append(name.name).append("\": ").append(what);
  return HttpError(400, std::move(text));
}

template <class T>
Result<T> ParseNumber(std::string_view text, ParameterName name, const char* kind) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [stopped, code] = std::from_chars(text.data(), end, value);
  if (code == std::errc::result_out_of_range) return BadParameter(name, "out of range");
  if (code != std::errc() || stopped != end) return BadParameter(name, kind);
  return value;
}

}  // namespace

Result<std::int64_t> ParseSigned(std::string_view text, std::int64_t min, std::int64_t max, ParameterName name) {
  Result<std::int64_t> value = ParseNumber<std::int64_t>(text, name, "not a whole number");
  if (value.Ok() && (*value < min || *value > max)) return BadParameter(name, "out of range");
  return value;
}

Result<std::uint64_t> ParseUnsigned(std::string_view text, std::uint64_t max, ParameterName name) {
  Result<std::uint64_t> value = ParseNumber<std::uint64_t>(text, name, "not a whole number of zero or more");
  if (value.Ok() && *value > max) return BadParameter(name, "out of range");
  return value;
}

Result<double> ParseDouble(std::string_view text, ParameterName name) {
  Result<double> value = ParseNumber<double>(text, name, "not a number");
  if (value.Ok() && !std::isfinite(*value)) return BadParameter(name, "not a number");
  return value;
}

Result<bool> ParseBool(std::string_view text, ParameterName name) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return BadParameter(name, "neither true nor false");
}

Error MissingParameter(ParameterName name) { return BadParameter(name, "missing"); }

}  // namespace weft::internal
