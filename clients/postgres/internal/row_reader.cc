// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/internal/row_reader.h>

#include <string>

namespace weft::postgres::internal {
namespace {

std::string NameOf(Oid type) {
  switch (type) {
    case kBool: return "boolean";
    case kBytea: return "bytea";
    case kInt2: return "smallint";
    case kInt4: return "integer";
    case kInt8: return "bigint";
    case kText: return "text";
    case kVarchar: return "varchar";
    case kFloat4: return "real";
    case kFloat8: return "double precision";
    case kNumeric: return "numeric";
    case kDate: return "date";
    case kTimestamp: return "timestamp";
    case kTimestampTz: return "timestamptz";
    case kJson: return "json";
    case kJsonb: return "jsonb";
    case kUuid: return "uuid";
    default: return "of type " + std::to_string(type);
  }
}

}  // namespace

Error WrongColumnCount(std::size_t wanted, int there) {
  return Error::New("postgres: the statement returns " + std::to_string(there) + (there == 1 ? " column" : " columns") + ", but " +
                    std::to_string(wanted) + (wanted == 1 ? " is" : " are") + " requested");
}
Error WrongColumnType(std::string_view column, Oid type, std::string_view wanted) {
  return Error::New("postgres: column \"" + std::string(column) + "\" is " + NameOf(type) + ", but " + std::string(wanted) + " is requested");
}
Error BadValue(std::string_view column, bool null, std::string_view wanted) {
  if (null) return Error::New("postgres: column \"" + std::string(column) + "\" is null: read it into a std::optional");
  return Error::New("postgres: column \"" + std::string(column) + "\" has a value that the type for " + std::string(wanted) + " cannot hold");
}
Error MoreThanOneRow() { return Error::New("postgres: the statement returns several rows, but at most one is requested"); }

Error FindColumn(const ResultView& columns, std::string_view name, int& column) {
  const auto says = [&](const char* what) { return Error::New("postgres: the statement returns " + (what + (" \"" + std::string(name))) + "\""); };
  const int count = columns.Columns();
  column = -1;
  for (int i = 0; i < count; ++i) {
    if (columns.Name(i) != name) continue;
    if (column >= 0) return says("several columns");
    column = i;
  }
  return column >= 0 ? Error() : says("no column");
}

}  // namespace weft::postgres::internal
