// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_STREAM_STATE_H_
#define WEFT_NET_INTERNAL_STREAM_STATE_H_

#include <atomic>
#include <cstdint>
#include <utility>

#include <weft/concurrency/error.h>
#include <weft/concurrency/mutex.h>
#include <weft/concurrency/scope.h>
#include <weft/net/stream_transport.h>

namespace weft::internal {

// What is behind a Stream, and shared with the loan of a lent one, so that a Stream that outlives its handler finds that out instead of
// reaching into the next request. Of a lent one only the loop of `scope` touches it; else `turn` guards what belongs to writing.
struct StreamState {
  StreamTransport* transport = nullptr;  // null: the loan has ended
  bool lent = false;
  Scope scope;  // of a lent one
  std::atomic<bool> closed{false};
  Mutex turn;  // to write
  bool write_closed = false;
  std::uint64_t written = 0;
  Error failure;  // the first one of writing
};

template <class T>
struct OwnedStreamState final : StreamState {
  template <class... Args>
  explicit OwnedStreamState(Args&&... args) : owned(std::forward<Args>(args)...) {
    transport = &owned;
  }
  T owned;
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_STREAM_STATE_H_
