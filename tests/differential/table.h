// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_DIFFERENTIAL_TABLE_H_
#define WEFT_TESTS_DIFFERENTIAL_TABLE_H_

#include <string>
#include <vector>

#include "cases.h"
#include "play.h"

namespace weft::differential {

// What one server made of all cases.
struct Column {
  std::string name;
  std::string version;
  std::vector<Record> records;
};

// All cases to the standard output.
void PrintTable(const std::vector<Case>& cases, const std::vector<Column>& columns);

// docs/differences.md: the cases in which not all do the same.
std::string Differences(const std::vector<Case>& cases, const std::vector<Column>& columns);

}  // namespace weft::differential

#endif  // WEFT_TESTS_DIFFERENTIAL_TABLE_H_
