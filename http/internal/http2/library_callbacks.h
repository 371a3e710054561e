// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP2_LIBRARY_CALLBACKS_H_
#define WEFT_HTTP_INTERNAL_HTTP2_LIBRARY_CALLBACKS_H_

#include <nghttp2/nghttp2.h>

namespace weft::internal::http2 {

// What the library calls, on behalf of a Session that is its user data. One set for all sessions of the process; null without memory.
const nghttp2_session_callbacks* Callbacks();
const nghttp2_option* Options();
// Asks the SessionStream of its id for a body.
nghttp2_data_provider BodyProvider();

}  // namespace weft::internal::http2

#endif  // WEFT_HTTP_INTERNAL_HTTP2_LIBRARY_CALLBACKS_H_
