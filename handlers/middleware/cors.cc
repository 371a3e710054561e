// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/cors.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <weft/handlers/middleware/internal/origin.h>
#include <weft/http/content_coding.h>
#include <weft/http/internal/char_class.h>
#include <weft/http/internal/text.h>

namespace weft {
namespace {

// What a page asks for is repeated in the response only up to this size.
constexpr std::size_t kFieldsMax = 1024;

bool IsAll(const std::vector<std::string>& list) {
  return list.size() == 1 && list.front() == "*";
}

std::string Joined(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& one : list) text.append(text.empty() ? "" : ", ").append(one);
  return text;
}

[[noreturn]] void Refuse(const std::string& text, const char* why) {
  throw std::invalid_argument("Cors \"" + text + "\": " + why);
}

void CheckTokens(const std::vector<std::string>& list) {
  for (const std::string& one : list) {
    if (!internal::IsToken(one)) Refuse(one, "not a token, as methods and field names must be");
  }
}

// Everything that a response needs, built once.
class Policy {
 public:
  explicit Policy(const CorsOptions& options)
      : all_(IsAll(options.origins)),
        credentials_(options.credentials),
        all_fields_(IsAll(options.fields)),
        methods_(Joined(options.methods)),
        fields_(Joined(options.fields)),
        exposed_(Joined(options.exposed)),
        max_age_(std::to_string(options.max_age.count())) {
    CheckTokens(options.methods);
    CheckTokens(options.fields);
    CheckTokens(options.exposed);
    if (all_ && credentials_) Refuse("*", "with credentials, origins must be named");
    if (!all_) TakeOrigins(options.origins);
  }

  Error Serve(ResponseWriter& w, Request& r, const Handler& next) const {
    const std::string_view origin = r.Header().Get("Origin");
    const bool preflight = r.Method() == "OPTIONS" && !origin.empty() &&
                           r.Header().Has("Access-Control-Request-Method");
    if (preflight) return Preflight(w, r, origin);
    if (!all_) w.OnHead([&w] { AddVary(w.Header(), "Origin"); });
    if (!origin.empty() && Allows(origin)) {
      SayAllowed(w.Header(), origin);
      if (!exposed_.empty()) w.Header().Set("Access-Control-Expose-Headers", exposed_);
    }
    return next(w, r);
  }

 private:
  void TakeOrigins(const std::vector<std::string>& origins) {
    for (const std::string& origin : origins) {
      const std::size_t star = origin.find("://*.");
      if (star == std::string::npos) {
        internal::CheckOrigins("Cors", {origin});
        exact_.push_back(origin);
        continue;
      }
      internal::CheckOrigins("Cors", {origin.substr(0, star + 3) + origin.substr(star + 5)});
      below_.push_back({origin.substr(0, star + 3), origin.substr(star + 4)});
    }
  }

  bool Allows(std::string_view origin) const {
    if (all_ || std::find(exact_.begin(), exact_.end(), origin) != exact_.end()) return true;
    if (below_.empty() || internal::ParseOrigin(origin).authority.empty()) return false;
    return std::any_of(below_.begin(), below_.end(), [origin](const Below& one) {
      return origin.starts_with(one.scheme) && origin.ends_with(one.domain) &&
             origin.size() > one.scheme.size() + one.domain.size();
    });
  }

  void SayAllowed(Fields& header, std::string_view origin) const {
    header.Set("Access-Control-Allow-Origin", all_ ? "*" : origin);
    if (credentials_) header.Set("Access-Control-Allow-Credentials", "true");
  }

  Error Preflight(ResponseWriter& w, const Request& r, std::string_view origin) const {
    Fields& header = w.Header();
    for (const char* name :
         {"Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"}) {
      AddVary(header, name);
    }
    if (!Allows(origin)) return HttpError(403, "this origin is not allowed");
    SayAllowed(header, origin);
    header.Set("Access-Control-Allow-Methods", methods_);
    const std::string fields = all_fields_ ? AskedFields(r) : fields_;
    if (!fields.empty()) header.Set("Access-Control-Allow-Headers", fields);
    header.Set("Access-Control-Max-Age", max_age_);
    w.WriteHeader(204);
    return {};
  }

  // Named one by one, since "*" does not stand for Authorization.
  static std::string AskedFields(const Request& r) {
    std::string fields;
    for (const std::string_view list : r.Header().Values("Access-Control-Request-Headers")) {
      internal::ForEachElement(list, [&](std::string_view name) {
        const bool fits = internal::IsToken(name) && fields.size() + name.size() + 2 <= kFieldsMax;
        if (fits) fields.append(fields.empty() ? "" : ", ").append(name);
        return true;
      });
    }
    return fields;
  }

  struct Below {
    std::string scheme;  // "https://"
    std::string domain;  // ".example.com"
  };

  const bool all_;
  const bool credentials_;
  const bool all_fields_;
  const std::string methods_;
  const std::string fields_;
  const std::string exposed_;
  const std::string max_age_;
  std::vector<std::string> exact_;
  std::vector<Below> below_;
};

}  // namespace

Middleware Cors(CorsOptions options) {
  return [policy = std::make_shared<const Policy>(options)](Handler next) -> Handler {
    return [policy, next = std::move(next)](ResponseWriter& w, Request& r) {
      return policy->Serve(w, r, next);
    };
  };
}

}  // namespace weft
