// SPDX-License-Identifier: Apache-2.0
#include "table.h"

#include <cstdio>

namespace weft::differential {
namespace {

bool AllSame(const std::vector<Column>& columns, std::size_t at) {
  for (const Column& column : columns) {
    const std::string mine = Short(columns[0].records[at]);
    const std::string theirs = Short(column.records[at]);
    // Which status a refusal has does not matter here.
    const bool both_refuse = mine.size() == 3 && theirs.size() == 3 && mine[0] >= '4' && theirs[0] >= '4';
    if (mine != theirs && !both_refuse) return false;
  }
  return true;
}

constexpr const char* kIntroduction = R"(# Differences between servers

<!-- Written by scripts/differential --write. Change tests/differential, not this file. -->

What weft, Go's net/http, nginx and HAProxy make of requests that are not quite right, or that are easily read in more than one way. nginx
and HAProxy stand in front of a weft server here, with settings as they come. Behind each message follows the request `after`.

A cell lists the requests that were taken, each with the last part of its path and the size of its body; then the status of a refusal, which
is in parentheses where the proxy has let the message through and the weft behind it has refused it; `...` says that the server waits for
more. `a:5 after:0` is how a good message ends; `smuggled` was meant to be part of a body. Only messages that were not treated alike are
listed.

Where others differ about where a message ends, whoever sends it can hide a request from the one or the other. There weft refuses.
)";

}  // namespace

void PrintTable(const std::vector<Case>& cases, const std::vector<Column>& columns) {
  std::printf("%-22s %-44s", "", "");
  for (const Column& column : columns) std::printf(" %-26s", (column.name + " " + column.version).c_str());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    std::printf("\n%-22s %-44s", cases[i].topic.c_str(), cases[i].name.c_str());
    for (const Column& column : columns) std::printf(" %-26s", Short(column.records[i]).c_str());
  }
  std::printf("\n");
}

std::string Differences(const std::vector<Case>& cases, const std::vector<Column>& columns) {
  std::string text = kIntroduction;
  std::string topic;
  std::size_t alike = 0;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (AllSame(columns, i)) {
      ++alike;
      continue;
    }
    if (cases[i].topic != topic) {
      topic = cases[i].topic;
      text += "\n## " + topic + "\n\n| |";
      for (const Column& column : columns) text += " " + column.name + (column.version.empty() ? "" : " " + column.version) + " |";
      text += "\n|---|";
      for (std::size_t c = 0; c < columns.size(); ++c) text += "---|";
      text += "\n";
    }
    text += "| " + cases[i].name + " |";
    for (const Column& column : columns) text += " " + Short(column.records[i]) + " |";
    text += "\n";
  }
  return text + "\n" + std::to_string(alike) + " of " + std::to_string(cases.size()) + " messages were treated alike by all.\n";
}

}  // namespace weft::differential
