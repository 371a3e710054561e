// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP1_REQUEST_HEAD_H_
#define WEFT_HTTP_INTERNAL_HTTP1_REQUEST_HEAD_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include <weft/http/fields.h>

namespace weft::internal {

// A piece of a message, given by its place in the message's buffer and not by an address: it stays true when the bytes move to
// another buffer.
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t size = 0;

  std::string_view In(const char* buffer) const { return {buffer + begin, size}; }
};

// The four forms of a request target (RFC 9112 section 3.2).
enum class TargetForm : std::uint8_t { kOrigin, kAbsolute, kAuthority, kAsterisk };

// The request line of a head as spans, and the facts about its fields that decide how the message is framed.
struct HeadFacts {
  struct FieldSpan {
    std::uint32_t name_begin;
    std::uint32_t name_size;
    std::uint32_t value_begin;
    std::uint32_t value_size;
  };

  Span method;
  Span target;  // as it came
  Span path;    // without the query; see PathIn
  Span query;   // after the '?'; empty also if there is none
  Span host;    // of an absolute or authority target, else of the Host field (RFC 9112 section 3.2.2)
  std::uint64_t content_length = 0;

  TargetForm form = TargetForm::kOrigin;
  std::uint8_t version_minor = 1;   // 0 or 1; a higher one is 1 (RFC 9110 section 2.5)
  bool is_head = false;             // the method is HEAD
  bool is_connect = false;          // the method is CONNECT
  bool path_escaped = false;        // the path holds at least one '%'
  bool has_query = false;
  bool has_host = false;            // there is a Host field
  bool has_content_length = false;
  bool chunked = false;             // the only transfer coding
  bool connection_close = false;    // options of the Connection field
  bool connection_keep_alive = false;
  bool connection_upgrade = false;
  bool expect_continue = false;     // never for HTTP/1.0 (RFC 9110 section 10.1.1)

  // Where the parser stopped; its own business.
  enum class Stage : std::uint8_t { kEmptyLines, kMethod, kTarget, kVersion, kLineStart, kName, kValue };
  Stage stage = Stage::kEmptyLines;
  bool has_transfer_encoding = false;
  std::uint8_t empty_lines = 0;
  std::uint32_t position = 0;  // of the first byte that was not looked at
  std::uint32_t mark = 0;      // start of the piece that is being read
  Span name;                   // of the field that is being read
};

// Where the fields of a head are: a list that grows and never shrinks. Whoever adds many at once writes them to its end itself.
class FieldSpans {
 public:
  using FieldSpan = HeadFacts::FieldSpan;

  std::size_t size() const { return static_cast<std::size_t>(end_ - spans_.get()); }
  bool empty() const { return end_ == spans_.get(); }
  FieldSpan* begin() { return spans_.get(); }
  FieldSpan* end() { return end_; }
  const FieldSpan* begin() const { return spans_.get(); }
  const FieldSpan* end() const { return end_; }
  FieldSpan& back() { return end_[-1]; }
  void push_back(const FieldSpan& span) {
    if (end_ == room_end_) Grow();
    *end_++ = span;
  }
  void clear() { end_ = spans_.get(); }
  void swap(FieldSpans& other) noexcept {
    spans_.swap(other.spans_);
    std::swap(end_, other.end_);
    std::swap(room_end_, other.room_end_);
  }

  // For those who write at the end: how far there is room, more of it, and where the end is afterwards.
  FieldSpan* RoomEnd() { return room_end_; }
  void Grow();
  void SetEnd(FieldSpan* end) { end_ = end; }

 private:
  std::unique_ptr<FieldSpan[]> spans_;
  FieldSpan* end_ = nullptr;
  FieldSpan* room_end_ = nullptr;
};

// The head of a request. While it is incomplete it also holds where the parser stopped, so keep it between two calls
// of ParseHead, and Reset it between two messages. It keeps the memory of its list of fields.
struct Head : HeadFacts {
  FieldSpans fields;

  void Reset() {
    static_cast<HeadFacts&>(*this) = HeadFacts();
    fields.clear();
  }
  // Becomes what the other one is, which is to be Reset before it is used again.
  void TakeFrom(Head& other) {
    static_cast<HeadFacts&>(*this) = other;
    fields.swap(other.fields);
  }
  // The empty lines before the request are thrown away, but stay counted, so that too many are too many however they come.
  void DropEmptyLines();

  // The raw path; "/" for an absolute target that ends after the authority (RFC 9112 section 3.2.1).
  std::string_view PathIn(const char* buffer) const {
    return path.size == 0 ? std::string_view("/") : path.In(buffer);
  }

  // Adds all fields to `out` as views into `buffer`. With an absolute target, the value of Host is the target's
  // authority, whatever the client wrote there: no reader may see a Host that must be ignored (RFC 9112 section 3.2.2).
  void AppendFieldsTo(Fields& out, const char* buffer) const;
};

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_HTTP1_REQUEST_HEAD_H_
