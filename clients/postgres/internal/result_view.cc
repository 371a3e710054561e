// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/internal/result_view.h>

#include <libpq-fe.h>

#include <cstddef>

namespace weft::postgres::internal {

int ResultView::Rows() const { return PQntuples(result_); }
int ResultView::Columns() const { return PQnfields(result_); }

std::string_view ResultView::Name(int column) const {
  const char* name = PQfname(result_, column);
  return name != nullptr ? name : "";
}

Oid ResultView::Type(int column) const { return PQftype(result_, column); }

std::optional<std::string_view> ResultView::Value(int row, int column) const {
  if (PQgetisnull(result_, row, column) != 0) return std::nullopt;
  return std::string_view(PQgetvalue(result_, row, column), static_cast<std::size_t>(PQgetlength(result_, row, column)));
}

}  // namespace weft::postgres::internal
