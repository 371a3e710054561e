// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_MULTIPART_H_
#define WEFT_HANDLERS_CONTENT_MULTIPART_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/handlers/request.h>
#include <weft/http/fields.h>

namespace weft {

struct MultipartOptions {
  std::size_t parts_max = 1000;
  std::size_t part_head_bytes_max = 16 * 1024;
  std::size_t part_fields_max = 32;
  std::size_t fields_max = 10'000;  // of the heads of all parts together
};

class MultipartReader;

// One part of a form with files: a field, or a file if it has a file name. It and its views belong
// to its reader, and are valid until the next call of MultipartReader::Next.
class MultipartPart {
 public:
  // The name of the field; may be empty.
  std::string_view Name() const WEFT_LIFETIMEBOUND { return name_; }
  // Whether it is a file. If a user has not chosen one, it is still a file, with an empty name and
  // no content.
  bool IsFile() const { return file_name_.has_value(); }
  // The last component of the name that the client gives, after the last '/' or '\'; empty for "."
  // and "..". `filename*` (RFC 8187, in UTF-8) counts before `filename`, as in Go: some clients
  // send both. The client chooses its bytes: show it, but do not use it as the name of a file.
  std::string_view FileName() const WEFT_LIFETIMEBOUND {
    return file_name_ ? std::string_view(*file_name_) : std::string_view();
  }
  // What the client says; "text/plain" if it says nothing (RFC 7578 section 4.4).
  std::string_view ContentType() const WEFT_LIFETIMEBOUND;
  const Fields& Header() const WEFT_LIFETIMEBOUND { return header_; }

  // Reads at least one byte of the content and at most the size of `buffer`; returns 0 at the end
  // of the part. It suspends under this context while the body arrives. Errors are those of
  // MultipartReader::Next. This makes a part a Reader (concurrency/copy.h).
  Result<std::size_t> Read(const Context& ctx, std::span<char> buffer);
  // Reads what is left, at most `max` bytes. More fail with kTooLarge, which responds with 413.
  Result<std::string> ReadAll(const Context& ctx, std::size_t max = 64 * 1024);

 private:
  friend class MultipartReader;
  explicit MultipartPart(MultipartReader& reader) : reader_(reader) {}

  MultipartReader& reader_;
  std::string name_;
  std::optional<std::string> file_name_;
  Fields header_;
};

// Reads a form with files (multipart/form-data, RFC 7578) part by part, while it arrives. However
// large the body is, it needs only part_head_bytes_max and some hundred bytes. Parts are in the
// client's order, so a field after a file is seen after it. To get a whole form at once there is
// content/multipart_form.h. It belongs to its request's fiber. Go's multipart.Reader.
//
// It is strict where two readers of one body could see different parts: lines end in CRLF, no line
// starts with the boundary and then continues, each part has a name, and the only values of
// Content-Transfer-Encoding are 7bit, 8bit and binary.
//
//   r.Body().SetLimit(std::uint64_t{10} << 30);
//   weft::MultipartReader parts(r);
//   while (true) {
//     weft::Result<weft::MultipartPart*> part = parts.Next(r.Ctx());
//     if (weft::Error err = part.Err()) return err;
//     if (*part == nullptr) break;
//     if (!(*part)->IsFile()) continue;
//     weft::Result<std::uint64_t> size = weft::SaveTo(r.Ctx(), **part, folder + "/" + NewId());
//     if (weft::Error err = size.Err()) return err;
//   }
class MultipartReader {
 public:
  // Reads nothing yet.
  explicit MultipartReader(Request& r, MultipartOptions options = {});
  MultipartReader(const MultipartReader&) = delete;
  MultipartReader& operator=(const MultipartReader&) = delete;
  ~MultipartReader();

  // Returns the next part; what is left of the one before is read and discarded. Null after the
  // last one. It suspends while the body arrives. The errors, by the status of the response; after
  // one that is not the context's, all later calls return it:
  //   415  the request has no Content-Type multipart/form-data, or has a Content-Encoding
  //   413  the body is larger than its limit (Body::SetLimit), or has more parts or fields of parts
  //        than allowed
  //   400  the body is malformed; the text says how
  //   others of Body
  Result<MultipartPart*> Next(const Context& ctx);

 private:
  friend class MultipartPart;
  struct State;

  Error Begin();
  Error Fill(const Context& ctx);
  Error TakeHead(std::string_view head);
  Error TakeFields(std::string_view head);
  Result<std::size_t> ReadPart(const Context& ctx, std::span<char> buffer);
  Error Fail(Error error);

  Request& request_;
  const MultipartOptions options_;
  std::unique_ptr<State> state_;  // once it has started
  MultipartPart part_;
  std::size_t parts_ = 0;
  std::size_t fields_ = 0;  // of the heads of all parts so far
  bool in_part_ = false;
  bool ended_ = false;
  Error failure_;
};

}  // namespace weft

#endif  // WEFT_HANDLERS_CONTENT_MULTIPART_H_
