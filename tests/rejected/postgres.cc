// SPDX-License-Identifier: Apache-2.0
// Types without a Codec, and what the compiler must say: one case at a time, by rejected_test.sh.
#include <complex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <boost/describe/class.hpp>

#include <weft/clients/postgres/pool.h>

using weft::Context;
using weft::postgres::Pool;

struct Plain {
  int id;
};

struct Row {
  int id;
  std::vector<std::optional<std::string>> names;
};
BOOST_DESCRIBE_STRUCT(Row, (), (id, names))

struct RowOfPlain {
  int id;
  std::optional<Plain> plain;
};
BOOST_DESCRIBE_STRUCT(RowOfPlain, (), (id, plain))

auto Call(const Context& ctx, Pool& db) {
#if CASE == 0  // accepted
  return db.QueryOne<std::tuple<std::optional<int>, std::vector<long>>>(ctx, "", 1, nullptr, "a", std::optional<unsigned char>());
#elif CASE == 1  // this type cannot be a parameter
  return db.Execute(ctx, "", std::complex<float>());
#elif CASE == 2  // a row becomes one value that has a Codec
  return db.Query<Plain>(ctx, "");
#elif CASE == 3  // a row becomes one value that has a Codec
  return db.QueryOne<signed char>(ctx, "");
#elif CASE == 4  // accepted
  return db.Query<Row>(ctx, "", std::vector<std::optional<int>>());
#elif CASE == 5  // this type cannot be a parameter
  return db.Execute(ctx, "", 1, std::optional<Plain>());
#elif CASE == 6  // this type cannot be a parameter
  return db.Execute(ctx, "", std::vector<Plain>());
#elif CASE == 7  // an element of this tuple has no weft::postgres::Codec
  return db.Query<std::tuple<int, Plain>>(ctx, "");
#elif CASE == 8  // a member of this struct has no weft::postgres::Codec
  return db.QueryOne<RowOfPlain>(ctx, "");
#elif CASE == 9  // a row becomes one value that has a Codec
  return db.ForEach<Plain>(ctx, "", [](const Plain&) {});
#elif CASE == 10  // this type cannot be a column
  return db.CopyIn(ctx, "", [&](weft::postgres::CopyWriter& to) { return to.WriteRow(ctx, 1, Plain()); });
#endif
}
