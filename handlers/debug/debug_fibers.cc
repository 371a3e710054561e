// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/debug/debug_fibers.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <string_view>

namespace weft {
namespace {

// JSON is UTF-8, but a name may contain any bytes (it may come from a request). Bytes beyond ASCII are
// escaped as if they were Latin-1, which is always valid.
void AppendQuoted(std::string_view text, std::string& json) {
  json += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json += {'\\', c};
    } else if (byte >= 0x20 && byte < 0x7f) {
      json += c;
    } else {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(byte));
      json += escape;
    }
  }
  json += '"';
}

void AppendQuotedOrNull(std::string_view text, std::string& json) {
  if (text.empty()) {
    json += "null";
  } else {
    AppendQuoted(text, json);
  }
}

void AppendSecondsOrNull(std::optional<Duration> time, std::string& json) {
  if (!time) {
    json += "null";
    return;
  }
  char text[48];
  const double seconds = std::chrono::duration<double>(*time).count();
  json.append(text, std::to_chars(text, std::end(text), seconds, std::chars_format::fixed, 6).ptr);  // in any locale
}

}  // namespace

std::string FiberListAsJson(const std::vector<FiberInfo>& fibers) {
  std::string json = "[";
  for (const FiberInfo& fiber : fibers) {
    json += json.size() > 1 ? ",\n {" : "{";
    json += "\"id\":" + std::to_string(fiber.id);
    json += ",\"parent\":" + (fiber.parent != 0 ? std::to_string(fiber.parent) : std::string("null"));
    json += ",\"name\":";
    AppendQuoted(fiber.name, json);
    json += ",\"loop\":" + std::to_string(fiber.loop) + ",\"state\":";
    AppendQuoted(fiber.state, json);
    json += ",\"waits_for\":";
    AppendQuotedOrNull(fiber.waits_for, json);
    json += ",\"age\":";
    AppendSecondsOrNull(fiber.age, json);
    json += ",\"deadline_in\":";
    AppendSecondsOrNull(fiber.deadline_in, json);
    json += ",\"started_at\":";
    AppendQuotedOrNull(fiber.StartedAt(), json);
    json += '}';
  }
  return json += "]\n";
}

Handler DebugFibers() {
  return [](ResponseWriter& w, Request& r) -> Error {
    const std::string_view format = r.Query("format").value_or("text");
    if (format != "text" && format != "json") return HttpError(400, "format must be text or json");
    w.Header().Set("Cache-Control", "no-store");
    w.Header().Set("Content-Type", format == "json" ? "application/json" : "text/plain; charset=utf-8");
    return w.Write(format == "json" ? FiberListAsJson(ListFibers()) : FormatFiberTree(ListFibers()));
  };
}

}  // namespace weft
