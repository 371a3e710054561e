// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/request_id.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <weft/handlers/access.h>
#include <weft/handlers/middleware/internal/random_hex.h>
#include <weft/http/internal/char_class.h>

namespace weft {
namespace {

constexpr std::size_t kDigits = 32;
constexpr std::size_t kAcceptedMax = 64;

// What can neither end a field of a log line nor be taken for one.
bool IsGoodId(std::string_view id) {
  const auto good = [](char c) {
    constexpr std::string_view kMarks = "-_.~:+/=@";
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  };
  return !id.empty() && id.size() <= kAcceptedMax && std::all_of(id.begin(), id.end(), good);
}

std::string_view AcceptedId(const Request& r, const RequestIdOptions& options) {
  if (!options.accept || options.field.empty()) return {};
  const std::string_view came = r.Header().Get(options.field);
  return IsGoodId(came) ? came : std::string_view();
}

}  // namespace

Middleware RequestId(RequestIdOptions options) {
  if (!options.field.empty() && !internal::IsToken(options.field)) {
    throw std::invalid_argument("RequestId: \"" + options.field + "\" is not the name of a field");
  }
  return [options = std::move(options)](Handler next) -> Handler {
    return [options, next = std::move(next)](ResponseWriter& w, Request& r) -> Error {
      if (!r.Id().empty()) return next(w, r);
      std::array<char, kDigits> made;
      std::string_view id = AcceptedId(r, options);
      if (id.empty()) {
        internal::FillRandomHex(made);
        id = {made.data(), made.size()};
      }
      RequestAccess::SetId(r, id);
      if (!options.field.empty()) w.Header().Set(options.field, id);
      const RequestContextScope use = r.Use(WithRequestId(r.Ctx(), id));
      return next(w, r);
    };
  };
}

}  // namespace weft
