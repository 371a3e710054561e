// SPDX-License-Identifier: Apache-2.0
#include "case.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace weft::conformance {
namespace {

bool Take(std::string_view& text, std::string_view begin) {
  if (!text.starts_with(begin)) return false;
  text.remove_prefix(begin.size());
  return true;
}

std::string_view TakeWord(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(text.size(), word.size() + 1));
  return word;
}

template <class T>
T Number(std::string_view text, int base = 10) {
  T number = 0;
  const auto [stopped, code] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (code != std::errc() || stopped != text.data() + text.size() || text.empty()) {
    throw std::invalid_argument("\"" + std::string(text) + "\" is not a number");
  }
  return number;
}

std::string Repeated(std::string_view& text) {
  const std::size_t open = text.find('(');
  const std::size_t close = text.find(')');
  if (open == std::string_view::npos || close == std::string_view::npos) throw std::invalid_argument("no \\*N(text)");
  const std::string piece = Unescape(text.substr(open + 1, close - open - 1));
  std::string all;
  for (auto n = Number<std::size_t>(text.substr(0, open)); n > 0; --n) all += piece;
  text.remove_prefix(close + 1);
  return all;
}

void ReadLimit(std::string_view text, ServerOptions& options) {
  const std::size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  const auto value = Number<std::uint32_t>(text.substr(std::min(text.size(), equals + 1)));
  if (name == "head") {
    options.head_bytes_max = value;
  } else if (name == "target") {
    options.target_bytes_max = value;
  } else if (name == "fields") {
    options.fields_max = value;
  } else if (name == "body") {
    options.body_bytes_max = value;
  } else if (name == "requests") {
    options.requests_per_connection_max = value;
  } else if (name == "half_closed") {
    options.half_closed_clients = value != 0;
  } else {
    throw std::invalid_argument("there is no limit \"" + std::string(name) + "\"");
  }
}

// "whitespace before the colon (RFC 9112 section 5.1)"
void ReadTitle(std::string_view text, Case& out) {
  const std::size_t open = text.rfind(" (");
  if (open == std::string_view::npos || !text.ends_with(')')) throw std::invalid_argument("a title ends with its (rule)");
  out.title = text.substr(0, open);
  out.rule = text.substr(open + 2, text.size() - open - 3);
}

// "100 200h 400 close bare LF"
void ReadResponses(std::string_view text, Case& out) {
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    const std::string_view word = TakeWord(text);
    const std::string_view flag = word.substr(std::min<std::size_t>(word.size(), 3));
    if (!flag.empty() && flag != "h" && flag != "cut") throw std::invalid_argument("a response is 200, 200h or 200cut");
    out.responses.push_back({Number<int>(word.substr(0, 3)), flag == "h", flag == "cut"});
  }
  if (text.empty()) return;
  if (TakeWord(text) != "close") throw std::invalid_argument("after the responses comes close or nothing");
  out.closes = true;
  out.reason = text;
}

bool ReadCaseLine(std::string_view line, Case& out) {
  if (line == "half-close") {
    out.afterwards = Afterwards::kHalfClose;
  } else if (line == "silence") {
    out.afterwards = Afterwards::kSilence;
  } else if (line == ">") {
    out.bytes += "\r\n";
  } else if (Take(line, ">> ")) {
    out.bytes += Unescape(line);
  } else if (Take(line, "> ")) {
    out.bytes += Unescape(line) + "\r\n";
  } else if (Take(line, "< ")) {
    ReadResponses(line, out);
  } else if (Take(line, "+ ")) {
    out.shows.push_back(Unescape(line));
  } else if (Take(line, "- ")) {
    out.hides.push_back(Unescape(line));
  } else {
    return false;
  }
  return true;
}

void ReadLine(std::string_view line, int number, Table& table) {
  if (line.empty() || line.front() == '#') return;
  if (Take(line, "= ")) {
    table.cases.emplace_back();
    table.cases.back().line = number;
    ReadTitle(line, table.cases.back());
  } else if (!table.cases.empty()) {
    if (!ReadCaseLine(line, table.cases.back())) throw std::invalid_argument("unknown line");
  } else if (Take(line, "about ")) {
    table.about = line;
  } else if (line == "serve mux") {
    table.mux = true;
  } else if (Take(line, "limit ")) {
    ReadLimit(line, table.options);
  } else {
    throw std::invalid_argument("unknown line");
  }
}

}  // namespace

std::string Unescape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (!Take(text, "\\")) {
      out += text.front();
      text.remove_prefix(1);
    } else if (Take(text, "r")) {
      out += '\r';
    } else if (Take(text, "n")) {
      out += '\n';
    } else if (Take(text, "t")) {
      out += '\t';
    } else if (Take(text, "0")) {
      out += '\0';
    } else if (Take(text, "\\")) {
      out += '\\';
    } else if (Take(text, "x")) {
      out += static_cast<char>(Number<unsigned char>(text.substr(0, 2), 16));
      text.remove_prefix(2);
    } else if (Take(text, "*")) {
      out += Repeated(text);
    } else {
      throw std::invalid_argument("unknown escape");
    }
  }
  return out;
}

Table ReadTable(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path);
  Table table;
  table.name = std::filesystem::path(path).stem().string();
  int number = 0;
  try {
    for (std::string line; std::getline(in, line);) ReadLine(line, ++number, table);
    for (const Case& c : table.cases) {
      number = c.line;
      if (c.bytes.empty()) throw std::invalid_argument("a case without bytes");
    }
  } catch (const std::invalid_argument& e) {
    throw std::runtime_error(path + ":" + std::to_string(number) + ": " + e.what());
  }
  return table;
}

std::vector<Table> ReadTables(const std::string& folder) {
  std::vector<Table> tables;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".cases") tables.push_back(ReadTable(entry.path().string()));
  }
  std::sort(tables.begin(), tables.end(), [](const Table& a, const Table& b) { return a.name < b.name; });
  return tables;
}

}  // namespace weft::conformance
