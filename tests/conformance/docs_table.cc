// SPDX-License-Identifier: Apache-2.0
#include "docs_table.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace weft::conformance {
namespace {

// Compares "9.10" as the numbers that it consists of.
struct BySection {
  bool operator()(const std::string& a, const std::string& b) const { return Numbers(a) < Numbers(b); }
  static std::vector<int> Numbers(const std::string& text) {
    std::vector<int> numbers{0};
    for (const char c : text) {
      if (c >= '0' && c <= '9') {
        numbers.back() = numbers.back() * 10 + (c - '0');
      } else {
        numbers.push_back(c == '.' ? 0 : c * 1000);
      }
    }
    return numbers;
  }
};

using Sections = std::map<std::string, std::set<std::string, BySection>>;  // of each RFC

// "RFC 9112 section 5.1"
void AddRule(const std::string& rule, Sections& sections) {
  std::size_t split = rule.find(" section ");
  std::size_t skip = 9;
  if (split == std::string::npos) {
    split = rule.find(" appendix ");
    skip = 10;
  }
  sections[rule.substr(0, split)].insert(split == std::string::npos ? "" : rule.substr(split + skip));
}

std::string Render(const Sections& sections) {
  std::string text;
  for (auto at = sections.rbegin(); at != sections.rend(); ++at) {
    text.append(text.empty() ? "" : "; ").append(at->first);
    const char* separator = " ";
    for (const std::string& section : at->second) text.append(std::exchange(separator, ", ")).append(section);
  }
  return text;
}

struct Refused {
  std::size_t cases = 0;
  Sections sections;
};

}  // namespace

std::string RenderForDocs(const std::vector<Table>& tables) {
  std::string text = "| table | cases | of them refused, or ended by the server |\n| --- | --- | --- |\n";
  std::map<std::pair<int, std::string>, Refused> refusals;
  std::size_t all = 0;
  std::size_t all_closed = 0;
  for (const Table& table : tables) {
    std::size_t closed = 0;
    for (const Case& c : table.cases) {
      closed += c.closes ? 1 : 0;
      if (c.reason.empty()) continue;
      Refused& refused = refusals[{c.responses.back().status, c.reason}];
      ++refused.cases;
      AddRule(c.rule, refused.sections);
    }
    all += table.cases.size();
    all_closed += closed;
    text += "| " + table.about + " (`" + table.name + "`) | " + std::to_string(table.cases.size()) + " | " + std::to_string(closed) + " |\n";
  }
  text += "| all | " + std::to_string(all) + " | " + std::to_string(all_closed) + " |\n";
  text += "\n| status | refused for | by | cases |\n| --- | --- | --- | --- |\n";
  for (const auto& [what, refused] : refusals) {
    text += "| " + std::to_string(what.first) + " | " + what.second + " | " + Render(refused.sections) + " | " + std::to_string(refused.cases) + " |\n";
  }
  return text;
}

}  // namespace weft::conformance
