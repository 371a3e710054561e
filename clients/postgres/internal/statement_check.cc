// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/internal/statement_check.h>

namespace weft::postgres::internal {
namespace {

std::string_view Field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text != nullptr ? text : "";
}

}  // namespace

Error CheckText(std::string_view sql) {
  if (sql.find('\0') == sql.npos) return {};
  return Error::New("postgres: the statement has a zero byte");
}

bool IsStale(const PGresult* failed, std::string_view name, bool known) {
  const std::string_view state = Field(failed, PG_DIAG_SQLSTATE);
  if (state == "26000") return Field(failed, PG_DIAG_MESSAGE_PRIMARY).find(name) != std::string_view::npos;
  return state == "0A000" && known && Field(failed, PG_DIAG_SOURCE_FUNCTION) == "RevalidateCachedQuery" && Field(failed, PG_DIAG_CONTEXT).empty();
}

}  // namespace weft::postgres::internal
