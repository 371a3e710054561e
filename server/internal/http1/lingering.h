// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP1_LINGERING_H_
#define WEFT_SERVER_INTERNAL_HTTP1_LINGERING_H_

#include <cstdint>

#include <weft/server/internal/http1/client.h>

namespace weft::internal::http1 {

// The last part of a connection's life: our side has sent everything, and the client is given time to read
// it. Closing the descriptor while the client still sends would make the kernel reset the connection; the
// reset can overtake our response and destroy it on the client's side, and a client that finds its connection
// broken while it sends does not even look for one.
class Lingering {
 public:
  Lingering() = default;
  // The response was broken off: what counts is how much of it the client has not acknowledged.
  explicit Lingering(Client& client) : amount_(client.UntakenBytes()) {}

  // Reads one turn's worth of what the client still sends, and discards it, up to a bound in all; a client that
  // continues to send gets another turn once others have had theirs (Shard::Requeue). True: it is over; not while a layer still
  // has to send. After a response that was broken off (State::kAborting) only an error ends it: the client may be taking what
  // was sent.
  bool Go(Client& client);

  // Whether a response that was broken off has been acknowledged, or the client takes too little of it. If not, it
  // is checked again when the client's list says so.
  bool Acknowledged(Client& client);

 private:
  std::int64_t amount_ = 0;  // bytes that arrived and were discarded; or that the client had not acknowledged
};

}  // namespace weft::internal::http1

#endif  // WEFT_SERVER_INTERNAL_HTTP1_LINGERING_H_
