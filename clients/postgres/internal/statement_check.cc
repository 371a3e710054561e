// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/internal/statement_check.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

namespace weft::postgres::internal {
namespace {

// The text from its first word on: after spaces, comments, and opening parentheses.
std::string_view FromFirstWord(std::string_view sql) {
  while (!sql.empty()) {
    if (std::string_view(" \t\n\r\f\v(").find(sql[0]) != sql.npos) {
      sql.remove_prefix(1);
    } else if (sql.starts_with("--")) {
      sql.remove_prefix(std::min(sql.find_first_of("\n\r"), sql.size()));
    } else if (sql.starts_with("/*")) {
      int depth = 0;  // they nest
      do {
        const bool opens = sql.starts_with("/*"), closes = sql.starts_with("*/");
        depth += opens ? 1 : closes ? -1 : 0;
        sql.remove_prefix(opens || closes ? 2 : 1);
      } while (depth > 0 && !sql.empty());
    } else {
      break;
    }
  }
  return sql;
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view Field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text != nullptr ? text : "";
}

}  // namespace

Error CheckText(std::string_view sql) {
  if (sql.find('\0') == sql.npos) return {};
  return Error::New("postgres: the statement has a zero byte");
}

bool WorthPreparing(std::string_view sql) {
  const std::string_view text = FromFirstWord(sql);
  std::string word;
  for (std::size_t i = 0; i < text.size() && i < 8 && Lower(text[i]) >= 'a' && Lower(text[i]) <= 'z'; ++i) word.push_back(Lower(text[i]));
  constexpr std::array<std::string_view, 9> kWorth = {"select", "insert", "update", "delete", "merge", "with", "values", "table", "call"};
  return std::find(kWorth.begin(), kWorth.end(), word) != kWorth.end();
}

bool IsStale(const PGresult* failed, std::string_view name, bool known) {
  const std::string_view state = Field(failed, PG_DIAG_SQLSTATE);
  if (state == "26000") return Field(failed, PG_DIAG_MESSAGE_PRIMARY).find(name) != std::string_view::npos;
  return state == "0A000" && known && Field(failed, PG_DIAG_SOURCE_FUNCTION) == "RevalidateCachedQuery" && Field(failed, PG_DIAG_CONTEXT).empty();
}

}  // namespace weft::postgres::internal
