// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP1_RECEIVED_RESPONSE_H_
#define WEFT_HTTP_INTERNAL_HTTP1_RECEIVED_RESPONSE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include <weft/http/fields.h>
#include <weft/http/internal/http1/body_kind.h>
#include <weft/http/internal/http1/request_head.h>

namespace weft::internal {

// The status line of a response that a server has sent, and the facts about its fields that decide how it is framed.
struct ReceivedResponseFacts {
  std::uint64_t content_length = 0;
  int status = 0;                   // 100 to 999
  std::uint8_t version_minor = 1;   // 0 or 1; a higher one is 1 (RFC 9110 section 2.5)
  bool has_content_length = false;
  bool chunked = false;             // the only transfer coding
  bool connection_close = false;    // options of the Connection field
  bool connection_keep_alive = false;
  bool connection_upgrade = false;
  bool has_upgrade = false;         // there is an Upgrade field

  // Where the parser stopped; its own business.
  enum class Stage : std::uint8_t { kVersion, kStatus, kReason, kLineStart, kName, kValue };
  Stage stage = Stage::kVersion;
  bool has_transfer_encoding = false;
  std::uint32_t position = 0;  // of the first byte that was not looked at
  std::uint32_t mark = 0;      // where the piece that is being read starts
  Span name;                   // of the field that is being read
};

// The head of a response. While it is incomplete it also holds where the parser stopped, so keep it between two calls of
// ParseResponseHead, and Reset it between two responses. It keeps the memory of its list of fields.
struct ReceivedResponse : ReceivedResponseFacts {
  std::vector<HeadFacts::FieldSpan> fields;

  void Reset() {
    static_cast<ReceivedResponseFacts&>(*this) = ReceivedResponseFacts();
    fields.clear();
  }
  // Adds all fields to `out` as views into `buffer`.
  void AppendFieldsTo(Fields& out, const char* buffer) const {
    for (const HeadFacts::FieldSpan& field : fields) {
      out.AddBorrowed({buffer + field.name_begin, field.name_size}, {buffer + field.value_begin, field.value_size});
    }
  }
};

// What the request says about the framing of its response.
struct RequestedBy {
  bool head = false;     // the method is HEAD
  bool connect = false;  // the method is CONNECT
};

struct ReceivedFraming {
  BodyKind kind = BodyKind::kNone;
  std::uint64_t length = 0;  // of kLength, never 0
  bool keep_alive = true;    // the server lets the connection live on (RFC 9112 section 9.3)
  bool tunnel = false;       // what follows the head is another protocol (101, and 2xx to CONNECT)
};

// How the body of a response is delimited (RFC 9112 section 6.3); the parser has rejected every doubtful head. Of interim
// responses only 101 has anything to frame.
ReceivedFraming FrameReceived(const ReceivedResponse& response, RequestedBy request);

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_HTTP1_RECEIVED_RESPONSE_H_
