// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_INTERNAL_RESULT_VIEW_H_
#define WEFT_CLIENTS_POSTGRES_INTERNAL_RESULT_VIEW_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include <weft/clients/postgres/codec.h>
#include <weft/concurrency/error.h>

extern "C" struct pg_result;

namespace weft::postgres::internal {

// Rows that libpq holds, so that no public header includes it.
class ResultView {
 public:
  explicit ResultView(const pg_result* result) : result_(result) {}
  int Rows() const;
  int Columns() const;
  std::string_view Name(int column) const;
  Oid Type(int column) const;
  std::optional<std::string_view> Value(int row, int column) const;  // nullopt: null

 private:
  const pg_result* result_;
};

// What takes the results of a statement.
class ResultHandler {
 public:
  // The rows come one by one, each as soon as it is here.
  virtual bool RowByRow() const { return false; }
  // Once, before the first rows; also if there will be none.
  virtual Error OnColumns(const ResultView& columns) = 0;
  virtual Error OnRows(const ResultView& rows) = 0;
  virtual void OnAffected(std::uint64_t) {}

 protected:
  ~ResultHandler() = default;
};

}  // namespace weft::postgres::internal

#endif  // WEFT_CLIENTS_POSTGRES_INTERNAL_RESULT_VIEW_H_
