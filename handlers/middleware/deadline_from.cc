// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/deadline_from.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/http/internal/char_class.h>

namespace weft {
namespace {

constexpr std::size_t kDigitsMax = 18;
// Decades at most, so that sums of nanoseconds do not overflow.
constexpr std::int64_t kLongest = 1'000'000'000'000;

std::optional<std::int64_t> ParseMilliseconds(std::string_view text) {
  if (text.empty() || text.size() > kDigitsMax || !internal::AllAre(text, internal::kDigitChar)) {
    return std::nullopt;
  }
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return std::min(value, kLongest);
}

}  // namespace

Middleware DeadlineFrom(std::string field, Duration max) {
  if (!internal::IsToken(field)) {
    throw std::invalid_argument("DeadlineFrom \"" + field + "\": not the name of a field");
  }
  return [field = std::move(field), max](Handler next) -> Handler {
    return [field, max, next = std::move(next)](ResponseWriter& w, Request& r) -> Error {
      if (!r.Header().Has(field)) return next(w, r);
      const std::optional<std::int64_t> milliseconds = ParseMilliseconds(r.Header().Get(field));
      if (!milliseconds) return HttpError(400, field + ": not a number of milliseconds");
      const Duration left = std::min<Duration>(std::chrono::milliseconds(*milliseconds), max);
      static const Error gone = Error::New("the caller no longer waits");
      const CancelScope scope = WithTimeout(r.Ctx(), left, gone);
      const RequestContextScope use = r.Use(scope.ctx);
      return next(w, r);
    };
  };
}

}  // namespace weft
