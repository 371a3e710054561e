// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_STATEMENTS_H_
#define WEFT_CLIENTS_POSTGRES_STATEMENTS_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/clients/postgres/internal/parameters.h>
#include <weft/clients/postgres/internal/row_reader.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/result.h>

namespace weft::postgres {

namespace internal {

template <class T>
class EachRow : public ResultHandler {
 public:
  Error OnColumns(const ResultView& columns) final { return reader_.Bind(columns); }

 protected:
  RowReader<T> reader_;
};

template <class T>
class AllRows final : public EachRow<T> {
 public:
  Error OnRows(const ResultView& rows) override {
    const int count = rows.Rows();
    values.reserve(values.size() + static_cast<std::size_t>(count));
    for (int row = 0; row < count; ++row) {
      T value{};
      if (Error err = this->reader_.Read(rows, row, value)) return err;
      values.push_back(std::move(value));
    }
    return {};
  }
  std::vector<T> values;
};

template <class T>
class OneRow final : public EachRow<T> {
 public:
  bool RowByRow() const override { return true; }  // there may be very many
  Error OnRows(const ResultView& rows) override {
    if (rows.Rows() > 1 || value) return MoreThanOneRow();
    return this->reader_.Read(rows, 0, value.emplace());
  }
  std::optional<T> value;
};

template <class T, class F>
class RowsTo final : public EachRow<T> {
 public:
  explicit RowsTo(F& f) : f_(f) {}
  bool RowByRow() const override { return true; }
  Error OnRows(const ResultView& rows) override {
    for (int row = 0; row < rows.Rows(); ++row) {
      T value{};
      if (Error err = this->reader_.Read(rows, row, value)) return err;
      if constexpr (std::is_void_v<std::invoke_result_t<F&, T>>) {
        f_(std::move(value));
      } else {
        if (Error err = f_(std::move(value))) return err;
      }
    }
    return {};
  }

 private:
  F& f_;
};

class CountRows final : public ResultHandler {
 public:
  bool RowByRow() const override { return true; }  // none is kept
  Error OnColumns(const ResultView&) override { return {}; }
  Error OnRows(const ResultView&) override { return {}; }
  void OnAffected(std::uint64_t rows) override { affected = rows; }
  std::uint64_t affected = 0;
};

}  // namespace internal

// The part of a Pool and a Transaction that runs one statement. `sql` has parameters $1, $2 and so
// on, whose values are the remaining arguments. Their types, and T, are those of
// clients/postgres/types.h. T is
//   - a struct described by Boost.Describe, whose members are columns of the same names,
//   - a std::tuple, whose elements are the columns in order,
//   - or one value.
// Results are values: nothing in them refers to the connection. The types of all columns are
// checked before the statement runs; if it is not prepared (PoolOptions::prepare), before the first
// row. A column that may be null needs a std::optional. A type without a Codec does not compile.
//
//   struct Note { std::int64_t id; std::string title; };
//   BOOST_DESCRIBE_STRUCT(Note, (), (id, title))
//
//   weft::Result<std::vector<Note>> notes =
//       db.Query<Note>(ctx, "select id, title from notes where owner = $1", owner);
//
// All of these park the fiber; a plain thread blocks. If a call's context ends, it cancels the
// statement in the server, waits until the server has confirmed, for at most cancel_grace, and
// returns the context's error: nothing of it is left running. Errors: the context's; a Failure; a
// ClientFailure.
class Statements {
 public:
  Statements(const Statements&) = delete;
  Statements& operator=(const Statements&) = delete;

  // Returns all rows.
  template <class T, class... A>
  Result<std::vector<T>> Query(const Context& ctx, std::string_view sql, const A&... parameters) {
    internal::AllRows<T> rows;
    if (Error err = Run(ctx, sql, internal::ParametersOf(parameters...), rows)) return err;
    return std::move(rows.values);
  }

  // Returns the only row, or none; two are an Error, which ends the statement in the server: see
  // ForEach.
  template <class T, class... A>
  Result<std::optional<T>> QueryOne(const Context& ctx, std::string_view sql,
                                    const A&... parameters) {
    internal::OneRow<T> row;
    if (Error err = Run(ctx, sql, internal::ParametersOf(parameters...), row)) return err;
    return std::move(row.value);
  }

  // Runs a statement whose rows, if it has any, do not matter. Returns how many rows it has
  // changed.
  template <class... A>
  Result<std::uint64_t> Execute(const Context& ctx, std::string_view sql, const A&... parameters) {
    internal::CountRows rows;
    if (Error err = Run(ctx, sql, internal::ParametersOf(parameters...), rows)) return err;
    return rows.affected;
  }

  // Calls f(T) for each row as it arrives, in bounded memory. f returns nothing or an Error; an
  // Error ends the statement in the server and is returned. In a transaction that cancellation may,
  // depending on timing, fail the transaction: then roll back. f may park; the connection is in use
  // meanwhile.
  template <class T, class F, class... A>
  Error ForEach(const Context& ctx, std::string_view sql, F f, const A&... parameters) {
    internal::RowsTo<T, F> rows(f);
    return Run(ctx, sql, internal::ParametersOf(parameters...), rows);
  }

 protected:
  Statements() = default;
  ~Statements() = default;
  virtual Error Run(const Context& ctx, std::string_view sql,
                    const internal::Parameters& parameters, internal::ResultHandler& rows) = 0;
};

}  // namespace weft::postgres

#endif  // WEFT_CLIENTS_POSTGRES_STATEMENTS_H_
