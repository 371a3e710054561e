// SPDX-License-Identifier: Apache-2.0
// Types without a Codec, and what the compiler must say: one case at a time, by rejected_test.sh.
#include <complex>
#include <optional>
#include <tuple>
#include <vector>

#include <weft/clients/postgres/pool.h>

using weft::Context;
using weft::postgres::Pool;

struct Plain {
  int id;
};

auto Call(const Context& ctx, Pool& db) {
#if CASE == 0  // accepted
  return db.QueryOne<std::tuple<std::optional<int>, std::vector<long>>>(ctx, "", 1, nullptr, "a", std::optional<unsigned char>());
#elif CASE == 1  // this type is no parameter
  return db.Execute(ctx, "", std::complex<float>());
#elif CASE == 2  // a row becomes one value that has a Codec
  return db.Query<Plain>(ctx, "");
#elif CASE == 3  // a row becomes one value that has a Codec
  return db.QueryOne<signed char>(ctx, "");
#endif
}
