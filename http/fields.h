// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_FIELDS_H_
#define WEFT_HTTP_FIELDS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <weft/concurrency/result.h>

namespace weft {

namespace internal {
class PreparedFields;
}

// The fields (headers or trailers) of a message: an ordered list of names and values (RFC 9110
// section 5). Names are compared without regard to case, and keep their spelling. A name may occur
// more than once.
//
// The views that it returns are valid until Clear or its destruction, even if fields are added,
// changed or deleted. It belongs to one fiber at a time, and never suspends.
//
//   w.Header().Set("Content-Type", "text/plain; charset=utf-8");
//   for (const auto& [name, value] : r.Header()) Show(name, value);
class Fields {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  Fields() = default;
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  // The first value of this name; empty if there is none (Has distinguishes the two).
  std::string_view Get(std::string_view name) const WEFT_LIFETIMEBOUND {
    const Field* field = MayHave(name) ? Find(name) : nullptr;
    return field != nullptr ? field->value : std::string_view();
  }
  // All values of this name, in order.
  std::vector<std::string_view> Values(std::string_view name) const;
  bool Has(std::string_view name) const { return MayHave(name) && Find(name) != nullptr; }

  // Replaces all fields of this name by one, in the position of the first of them, or adds it.
  // Copies both strings, and removes blanks from both ends of the value. Returns false and changes
  // nothing if the name is not a token (RFC 9110 section 5.6.2), or if the value contains CR, LF,
  // NUL or another control character except tab. So user input can never split a response.
  bool Set(std::string_view name, std::string_view value);
  // Adds one more field of this name. Otherwise like Set.
  bool Add(std::string_view name, std::string_view value);
  // The first field that Set or Add has rejected since the last Clear, and why: "Authorization: a
  // line feed in the value". Empty if there was none. What a program reads from a file often ends
  // with a line feed, and a message without that field could do harm. So check this before you send
  // one.
  std::string_view Refused() const WEFT_LIFETIMEBOUND { return refused_; }
  // Deletes all fields of this name.
  void Del(std::string_view name) {
    if (MayHave(name)) Erase(name);
  }

  // Adds a field without copying or checking it: the caller keeps the bytes until Clear, or until
  // this object is destroyed. For the server, which holds the message.
  void AddBorrowed(std::string_view name, std::string_view value) {
    list_.push_back({name, value});
    sizes_ |= SizeBit(name);
  }
  // Removes all fields, but keeps memory for the next message.
  void Clear() {
    if (sizes_ == 0) return;  // nothing was ever added or refused since the last time
    list_.clear();
    sizes_ = 0;
    refused_ = {};
    block_used_ = 0;
    if (block_size_ > kFirstBlock) GiveBlocksBack();
  }

  // The number of fields, and the fields in order: those of one name are not together, unless they
  // were added so.
  std::size_t Size() const { return list_.size(); }
  const Field* begin() const { return list_.data(); }  // NOLINT: asked for by range-for
  const Field* end() const { return list_.data() + list_.size(); }  // NOLINT

 private:
  friend class internal::PreparedFields;

  // The first block holds the fields of a typical response.
  static constexpr std::size_t kFirstBlock = 512;
  inline void Append(std::string_view name, std::string_view value);
  bool Replace(std::string_view name, std::string_view value);
  bool Refuse(std::string_view name, std::string_view value);
  char* Room(std::size_t size);
  void AddBlock(std::size_t size);
  void GiveBlocksBack();
  const Field* Find(std::string_view name) const;
  void Erase(std::string_view name);
  std::string_view Keep(std::string_view text);  // copies into blocks_, which never move

  // One bit for the size, modulo 64, of each name that is or was in the list, or was refused. A
  // name whose bit is not set need not be searched for.
  static std::uint64_t SizeBit(std::string_view name) {
    return std::uint64_t{1} << (name.size() % 64);
  }
  bool MayHave(std::string_view name) const { return (sizes_ & SizeBit(name)) != 0; }

  std::vector<Field> list_;
  std::uint64_t sizes_ = 0;
  std::string_view refused_;  // in blocks_
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t block_size_ = 0;  // of the last block
  std::size_t block_used_ = 0;
};

}  // namespace weft

#endif  // WEFT_HTTP_FIELDS_H_
