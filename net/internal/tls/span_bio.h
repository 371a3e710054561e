// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_TLS_SPAN_BIO_H_
#define WEFT_NET_INTERNAL_TLS_SPAN_BIO_H_

#include <weft/net/internal/byte_buffer.h>
#include <weft/net/internal/tls/record_reader.h>

struct bio_st;

namespace weft::internal {

// What OpenSSL uses as its socket: it reads from memory that was lent, and writes to a buffer
// that takes everything. It has no buffer of its own. It must not move while OpenSSL has it.
struct SpanBio {
  // Records without data, such as those that change keys, cost the same as others and bring
  // nothing. If there are more in a row, they are not read.
  static constexpr unsigned kIdleRecordsMax = 64;

  RecordReader reader;
  ByteBuffer* out = nullptr;  // during a call
  bool bounded = false;       // kIdleRecordsMax holds: after the handshake
  bool stopped = false;       // nothing is read any more

  bool TooManyIdle() const { return bounded && reader.Started() > kIdleRecordsMax; }

  // One reference, for both directions; null if there is no memory.
  bio_st* Make();
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_TLS_SPAN_BIO_H_
