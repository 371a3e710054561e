// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_ROUTING_STRIP_PREFIX_H_
#define WEFT_HANDLERS_ROUTING_STRIP_PREFIX_H_

#include <string>

#include <weft/handlers/handler.h>

namespace weft {

// Serves `handler` with the prefix removed from the path. With "/static", a request for
// "/static/css/a%20b" has "/css/a b" as its Path and "/css/a%20b" as its RawPath inside, and one
// for "/static" has "/". When the handler has returned they are restored. Target does not change. A
// path that is not below the prefix is a 404. Whole segments are compared, decoded, so "%2F" never
// ends one.
//
// It is for handlers that know no prefix and are not a Mux. A Mux has Mux::Group, whose routes keep
// their full pattern. Throws std::invalid_argument unless the prefix starts with a slash and ends
// without one.
//
//   mux.Handle("GET /static/", weft::StripPrefix("/static", files));
Handler StripPrefix(std::string prefix, Handler handler);

}  // namespace weft

#endif  // WEFT_HANDLERS_ROUTING_STRIP_PREFIX_H_
