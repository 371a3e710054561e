// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_QUERY_H_
#define WEFT_HANDLERS_CONTENT_QUERY_H_

#include <string_view>
#include <type_traits>

#include <weft/concurrency/error.h>
#include <weft/handlers/request.h>

namespace weft {

// The first value of this name in the query as a T, as Request::QueryAs reads it, or `fallback` if
// there is none. A value that is not a T fails with a 400 that names it, so that a client learns of
// its mistake.
//
//   weft::Result<int> page = weft::QueryOr<int>(r, "page", 1);
//   if (weft::Error err = page.Err()) return err;
template <class T>
Result<T> QueryOr(const Request& r, std::string_view name, std::type_identity_t<T> fallback) {
  if (!r.Query(name)) return fallback;
  return r.QueryAs<T>(name);
}

}  // namespace weft

#endif  // WEFT_HANDLERS_CONTENT_QUERY_H_
