// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_BODY_FILTER_H_
#define WEFT_HANDLERS_BODY_FILTER_H_

#include <string_view>

#include <weft/concurrency/error.h>
#include <weft/http/fields.h>

namespace weft {

// Changes the body of a response on its way from the handler to the framing: compression, a
// checksum, rewritten links. Pass one to ResponseWriter::PushFilter. The filter that was pushed
// last sees the bytes first, so the outermost middleware is closest to the wire.
//
// A filter that changes the length deletes Content-Length in Start. It may hold bytes back, for
// example until it knows whether compression is worthwhile. It then keeps the reference to the
// header, and makes its changes before it passes on the first byte, at the latest in Flush or
// Finish. It runs in the handler's fiber. An error that it returns is passed to the handler's Write
// or Flush, or, from Finish, to the server, and the response fails.
//
//   class Upper : public weft::BodyFilter {
//     weft::Error Write(std::string_view data, Output& next) override {
//       return next.Write(ToUpper(data));
//     }
//   };
class BodyFilter {
 public:
  // Where a filter sends its bytes: the next filter, or the framing.
  class Output {
   public:
    virtual Error Write(std::string_view data) = 0;

   protected:
    ~Output() = default;
  };

  virtual ~BodyFilter() = default;

  // Called once, before the first byte of the body and before the head is built. The header lives
  // as long as the exchange. The status may not allow a body (204, 304).
  virtual void Start(int status, Fields& header) {
    static_cast<void>(status);
    static_cast<void>(header);
  }

  // Called once, after Start. True: the filter does nothing for this response. It is not called
  // again and is destroyed, and the response costs as much as without it. In particular, SendFile
  // lets the kernel send files, which other filters must see as bytes.
  virtual bool PassesThrough() const { return false; }

  virtual Error Write(std::string_view data, Output& next) = 0;

  // The handler wants everything so far to reach the client.
  virtual Error Flush(Output& next) {
    static_cast<void>(next);
    return {};
  }

  // The body has ended. Not called if the response fails.
  virtual Error Finish(Output& next) {
    static_cast<void>(next);
    return {};
  }
};

}  // namespace weft

#endif  // WEFT_HANDLERS_BODY_FILTER_H_
