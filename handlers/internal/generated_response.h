// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_INTERNAL_GENERATED_RESPONSE_H_
#define WEFT_HANDLERS_INTERNAL_GENERATED_RESPONSE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <weft/concurrency/error.h>
#include <weft/handlers/response_writer.h>
#include <weft/http/fields.h>
#include <weft/http/internal/http1/body_kind.h>
#include <weft/http/internal/http1/chunked_decoder.h>

namespace weft::internal {

// Of a response that a function for FromBeast may give.
Error CheckBeastStatus(unsigned status);
// Leaves the first `count` fields: the response to an Error is another one, and has what middleware has set.
void TakeBackFields(Fields& fields, std::size_t count);

// The bytes of a message_generator, on their way to a ResponseWriter. Beast gives each field in a buffer of its own, and the status line in three.
// So where a piece ends need not be searched for, and bytes of a user in a value or a reason cannot become a field.
class GeneratedResponse {
 public:
  explicit GeneratedResponse(ResponseWriter& w) : w_(w), fields_(w.Header()), fields_before_(fields_.Size()) {}

  // The next buffer, which is not empty.
  Error Put(std::string_view bytes);
  bool HeadDone() const { return stage_ == Stage::kBody; }
  bool Done() const { return HeadDone() && body_done_; }
  // For a response that has failed. Returns the Error.
  Error TakenBack(Error error);

 private:
  enum class Stage : std::uint8_t { kVersion, kReason, kLineEnd, kFields, kBody };

  Error PutVersion(std::string_view bytes);
  Error PutField(std::string_view bytes);
  bool IsForWriter(std::string_view name, std::string_view value);
  bool NoteOptions(std::string_view value);
  Error EndHead();
  Error PutBody(std::string_view bytes);
  Error PutChunks(std::string_view bytes);

  ResponseWriter& w_;
  Fields& fields_;
  const std::size_t fields_before_;
  Stage stage_ = Stage::kVersion;
  int status_ = 0;
  const char* wrong_ = nullptr;  // with the fields that frame the message
  bool close_ = false;
  bool chunked_ = false;
  bool has_length_ = false;
  BodyKind body_ = BodyKind::kUntilClose;
  bool body_done_ = false;  // no byte is wanted any more
  std::uint64_t left_ = 0;
  ChunkedDecoder chunks_;
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_INTERNAL_GENERATED_RESPONSE_H_
