// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_INTERNAL_JSON_FILLER_H_
#define WEFT_HANDLERS_CONTENT_INTERNAL_JSON_FILLER_H_

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/error.hpp>
#include <boost/json/string_view.hpp>

#include <weft/handlers/content/internal/json_type.h>

namespace weft::internal {

// Stores what the parser finds where it belongs. The parser has one filler for all types, which
// therefore knows types only by tables.
class JsonFiller {
 public:
  using Text = boost::json::string_view;
  using error_code = boost::json::error_code;

  // Required by the parser.
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

  JsonFiller(std::string_view text, void* out, const JsonType& type, bool unknown_members,
             std::size_t depth_max, std::size_t memory_max)
      : text_(text), pending_{out, &type}, unknown_members_(unknown_members), memory_left_(memory_max) {
    if (depth_max > std::size(few_)) {
      many_.reset(new Level[depth_max]);
      levels_ = many_.get();
    }
  }

  const std::string& Fault() const { return fault_; }
  // The fault is that the values take more than `memory_max`.
  bool TooLarge() const { return too_large_; }
  // Where in the text the fault is, if that is known more exactly than where the parser stopped.
  std::optional<std::size_t> FaultAt() const { return fault_at_; }
  // The path of the current value, as a JSON pointer (RFC 6901).
  std::string Pointer() const;

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code& ec);
  bool on_object_end(std::size_t, error_code& ec);
  bool on_array_begin(error_code& ec);
  bool on_array_end(std::size_t size, error_code& ec);
  bool on_key_part(Text part, std::size_t, error_code&) { return Gather(part); }
  bool on_key(Text last, std::size_t, error_code& ec) { return SetKey(Gathered(last), ec); }
  bool on_string_part(Text part, std::size_t, error_code&) { return Gather(part); }
  bool on_string(Text last, std::size_t, error_code& ec) { return SetString(Gathered(last), ec); }
  bool on_number_part(Text, error_code&) { return true; }
  bool on_int64(std::int64_t number, Text digits, error_code& ec);
  bool on_uint64(std::uint64_t number, Text digits, error_code& ec);
  bool on_double(double nearly, Text digits, error_code& ec);
  bool on_bool(bool truth, error_code& ec);
  bool on_null(error_code& ec);
  bool on_comment_part(Text, error_code&) { return true; }
  bool on_comment(Text, error_code&) { return true; }

 private:
  // The C++ object that a value is stored in. No type: the value is discarded.
  struct Place {
    void* object;
    const JsonType* type;
  };
  // A JSON array or object that has begun and not ended.
  struct Level {
    Place place;
    const JsonType* inner;  // of its elements or values
    std::size_t index;      // of the element; in a struct, of the member that is looked for first
    std::string_view key;   // of the member; without data: there is none, or it is discarded
    std::uint64_t seen[2];
  };

  bool Fail(std::string what, error_code& ec);
  bool Unfit(std::string_view found, const Place& place, error_code& ec);
  template <class F>
  bool SetNumber(Text digits, error_code& ec, F set);
  bool Gather(Text part) {
    gathered_.append(part.data(), part.size());
    gathering_ = true;
    return true;
  }
  std::string_view Gathered(Text last);
  // For an element or a member that its container makes room for.
  bool TakeMemory(std::size_t bytes, error_code& ec);
  bool Next(Place& place, error_code& ec);
  bool Begin(const Place& place);
  // The position of the text between quotes. If it has escapes, it is stored elsewhere, and the parser's own
  // position is used.
  void NoteString(std::string_view text) { NoteAt(text.data() - 1); }
  bool SetKey(std::string_view key, error_code& ec);
  bool SetMember(Level& level, std::string_view key, error_code& ec);
  bool SetString(std::string_view text, error_code& ec);
  void NoteAt(const char* at);

  std::string_view text_;
  Place pending_;  // for the value after a key; at first for the whole text
  const bool unknown_members_;
  std::size_t memory_left_;
  bool too_large_ = false;
  std::size_t depth_ = 0;  // of levels_ that are in use
  Level few_[32];
  std::unique_ptr<Level[]> many_;
  Level* levels_ = few_;
  std::string gathered_;  // a string that arrives in parts, since it has escapes
  bool gathering_ = false;
  std::string fault_;
  std::optional<std::size_t> fault_at_;
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_CONTENT_INTERNAL_JSON_FILLER_H_
