// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CONFORMANCE_DOCS_TABLE_H_
#define WEFT_TESTS_CONFORMANCE_DOCS_TABLE_H_

#include <string>
#include <vector>

#include "case.h"

namespace weft::conformance {

// What docs/conformance.md says of these tables: how many cases each has, and what is refused with which status by which
// rule.
std::string RenderForDocs(const std::vector<Table>& tables);

}  // namespace weft::conformance

#endif  // WEFT_TESTS_CONFORMANCE_DOCS_TABLE_H_
