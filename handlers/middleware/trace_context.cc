// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/trace_context.h>

#include <algorithm>
#include <utility>
#include <vector>

#include <weft/handlers/middleware/internal/random_hex.h>
#include <weft/http/internal/text.h>

namespace weft {
namespace {

// "00-" 32 digits "-" 16 digits "-" 2 digits.
constexpr std::size_t kSize = 55;
constexpr std::size_t kStateMax = 512;
constexpr int kStateMembersMax = 32;

bool IsLowerHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

// tracestate says something to others only; one that is too large is dropped completely, as the standard allows, since a part of
// it may be worse than none.
std::string StateOf(const Request& r) {
  std::string state;
  int members = 0;
  for (const std::string_view list : r.Header().Values("tracestate")) {
    internal::ForEachElement(list, [&](std::string_view member) {
      state.append(state.empty() ? "" : ",").append(member);
      return ++members <= kStateMembersMax && state.size() <= kStateMax;
    });
  }
  return members <= kStateMembersMax && state.size() <= kStateMax ? state : std::string();
}

TraceIds IdsOf(const Request& r, const TraceContextOptions& options) {
  std::optional<TraceIds> ids;
  if (options.accept) {
    const std::vector<std::string_view> parents = r.Header().Values("traceparent");
    if (parents.size() == 1) ids = ParseTraceparent(parents[0]);
    if (ids) ids->state = StateOf(r);
  }
  if (!ids) {
    ids.emplace();
    ids->trace_id = internal::RandomHex(32);
  }
  ids->span_id = internal::RandomHex(16);
  return *std::move(ids);
}

}  // namespace

std::optional<TraceIds> ParseTraceparent(std::string_view text) {
  if (text.size() < kSize) return std::nullopt;
  const std::string_view version = text.substr(0, 2);
  const std::string_view trace = text.substr(3, 32);
  const std::string_view parent = text.substr(36, 16);
  const std::string_view flags = text.substr(53, 2);
  if (text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  if (!IsLowerHex(version) || version == "ff") return std::nullopt;
  // A later version may have more, after another hyphen.
  if (text.size() > kSize && (version == "00" || text[kSize] != '-')) return std::nullopt;
  if (!IsLowerHex(trace) || !IsLowerHex(parent) || !IsLowerHex(flags) || IsZero(trace) ||
      IsZero(parent)) {
    return std::nullopt;
  }
  TraceIds ids;
  ids.trace_id = trace;
  ids.parent_id = parent;
  ids.sampled = std::string_view("13579bdf").find(flags[1]) != std::string_view::npos;
  return ids;
}

std::string FormatTraceparent(const TraceIds& ids) {
  return "00-" + ids.trace_id + "-" + ids.span_id + (ids.sampled ? "-01" : "-00");
}

Middleware TraceContext(TraceContextOptions options) {
  return [options](Handler next) -> Handler {
    return [options, next = std::move(next)](ResponseWriter& w, Request& r) -> Error {
      const RequestContextScope use = r.Use(WithTrace(r.Ctx(), IdsOf(r, options)));
      return next(w, r);
    };
  };
}

}  // namespace weft
