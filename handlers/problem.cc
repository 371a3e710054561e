// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/problem.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include <weft/handlers/internal/json_string.h>
#include <weft/http/status.h>

namespace weft {
namespace {

void AppendName(std::string_view name, std::string& json) {
  if (json.size() > 1) json += ',';
  internal::AppendJsonString(name, json);
  json += ':';
}

void AppendText(std::string_view name, std::string_view text, std::string& json) {
  if (text.empty()) return;
  AppendName(name, json);
  internal::AppendJsonString(text, json);
}

// A second member of one name would mean something else to each reader (RFC 8259 section 4).
bool IsTaken(const Problem& problem, std::size_t index) {
  static constexpr std::string_view kNames[] = {"type", "title", "status", "detail", "instance"};
  const std::string& name = problem.members[index].name;
  if (std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames)) return true;
  const auto end = problem.members.begin() + static_cast<std::ptrdiff_t>(index);
  return std::any_of(problem.members.begin(), end,
                     [&](const ProblemMember& m) { return m.name == name; });
}

}  // namespace

Error ProblemError(Problem problem) {
  if (problem.status < 400 || problem.status > 599) {
    internal::AbortMisuse("ProblemError", "the status of a problem must be in 400..599");
  }
  std::string message = std::to_string(problem.status);
  const std::string_view title =
      problem.title.empty() ? ReasonPhrase(problem.status) : problem.title;
  if (!title.empty()) message.append(" ").append(title);
  if (!problem.detail.empty()) message.append(": ").append(problem.detail);
  return Error::With(std::move(message), std::move(problem));
}

std::string FormatProblem(const Problem& problem) {
  std::string json = "{";
  AppendText("type", problem.type, json);
  AppendText("title", problem.title.empty() ? ReasonPhrase(problem.status) : problem.title, json);
  AppendName("status", json);
  json += std::to_string(problem.status);
  AppendText("detail", problem.detail, json);
  AppendText("instance", problem.instance, json);
  for (std::size_t i = 0; i < problem.members.size(); ++i) {
    if (IsTaken(problem, i)) continue;
    AppendName(problem.members[i].name, json);
    json += problem.members[i].json;
  }
  return json += "}\n";
}

std::string JsonString(std::string_view text) {
  std::string json;
  internal::AppendJsonString(text, json);
  return json;
}

std::function<RefusalBody(int status)> ProblemRefusals() {
  return [](int status) {
    return RefusalBody{"application/problem+json", FormatProblem({.status = status})};
  };
}

}  // namespace weft
