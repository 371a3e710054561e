// SPDX-License-Identifier: Apache-2.0
// What is no JSON, and what the compiler must say: one case at a time, by rejected_test.sh.
#include <filesystem>
#include <string>
#include <vector>

#include <weft/handlers/content/json.h>

weft::Result<std::string> Write() {
#if CASE == 0  // accepted
  return weft::ToJson(std::vector<std::vector<std::string>>{{"a"}});
#elif CASE == 1  // write it as a string
  return weft::ToJson(std::filesystem::path("a/b"));
#elif CASE == 2  // write it as a string
  return weft::ToJson(std::vector<std::filesystem::path>{"a/b"});
#endif
}
