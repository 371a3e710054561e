// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_ROUTING_STRIP_PREFIX_H_
#define WEFT_HANDLERS_ROUTING_STRIP_PREFIX_H_

#include <string>

#include <weft/handlers/handler.h>

namespace weft {

// Serves `handler` with the prefix taken off the path: with "/static", Path and RawPath of a
// request for "/static/css/a%20b" are "/css/a b" and "/css/a%20b" inside, and "/" for one for
// "/static". They are what they were when the handler has returned. Target stays as it is. A path
// that is not below the prefix is a 404. Whole segments are compared, decoded, so that "%2F" never
// ends one.
//
// It is for handlers that know no prefix and are no Mux; a Mux has Mux::Group, whose routes keep
// their whole pattern. Throws std::invalid_argument unless the prefix starts with a slash and ends
// without.
//
//   mux.Handle("GET /static/", weft::StripPrefix("/static", files));
Handler StripPrefix(std::string prefix, Handler handler);

}  // namespace weft

#endif  // WEFT_HANDLERS_ROUTING_STRIP_PREFIX_H_
