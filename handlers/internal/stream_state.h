// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_INTERNAL_STREAM_STATE_H_
#define WEFT_HANDLERS_INTERNAL_STREAM_STATE_H_

#include <cstdint>

#include <weft/concurrency/error.h>
#include <weft/concurrency/scope.h>

namespace weft {
class StreamTransport;
}

namespace weft::internal {

// What a Stream and the ResponseWriter that gave it out share, so that a Stream that outlives its handler finds that out instead of
// reaching into the next request. Only the loop of `scope` touches it.
struct StreamState {
  StreamTransport* transport = nullptr;  // null: the handler has returned
  Scope scope;
  bool write_closed = false;
  bool closed = false;
  std::uint64_t written = 0;
  Error failure;  // the first one of writing
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_INTERNAL_STREAM_STATE_H_
