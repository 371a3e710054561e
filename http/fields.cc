// SPDX-License-Identifier: Apache-2.0
#include <weft/http/fields.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include <weft/http/internal/char_class.h>
#include <weft/http/internal/copy_short.h>
#include <weft/http/internal/scan.h>
#include <weft/http/internal/text.h>

namespace weft {
namespace {

// What Clear keeps for the next message is bounded, because every pooled message would hold it.
constexpr std::size_t kKeptBlock = 8192;

// RFC 9110 section 5.5: visible bytes, blanks and tabs, and obs-text.
[[gnu::always_inline]] inline bool IsFieldValue(std::string_view value) { return internal::AllInBlocks<internal::ValueBlock>(value, internal::kValueChar); }

[[gnu::always_inline]] inline bool IsFieldName(std::string_view name) {
  return !name.empty() && internal::AllInBlocks<internal::TokenBlock>(name, internal::kTokenChar);
}

// Of the bytes that a value may contain, only blanks are as small as this.
bool IsBlankOrControl(char c) { return static_cast<unsigned char>(c) <= ' '; }

}  // namespace

// Never inlined, so that Get and Has are: their test of a bit nearly always decides.
[[gnu::noinline]] const Fields::Field* Fields::Find(std::string_view name) const {
  for (const Field& field : list_) {
    if (internal::EqualsIgnoreCase(field.name, name)) return &field;
  }
  return nullptr;
}

std::vector<std::string_view> Fields::Values(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const Field& field : list_) {
    if (internal::EqualsIgnoreCase(field.name, name)) values.push_back(field.value);
  }
  return values;
}

char* Fields::Room(std::size_t size) {
  if (block_size_ - block_used_ < size) [[unlikely]] AddBlock(size);
  char* const at = blocks_.back().get() + block_used_;
  block_used_ += size;
  return at;
}

// Both in one piece of memory.
[[gnu::always_inline]] inline void Fields::Append(std::string_view name, std::string_view value) {
  // Nearly no value has any.
  if (!value.empty() && (IsBlankOrControl(value.front()) || IsBlankOrControl(value.back()))) [[unlikely]] value = internal::TrimBlanks(value);
  char* at = Room(name.size() + value.size());
  internal::CopyShort(at, name.data(), name.size());
  internal::CopyShort(at + name.size(), value.data(), value.size());
  AddBorrowed({at, name.size()}, {at + name.size(), value.size()});
}

bool Fields::Refuse(std::string_view name, std::string_view value) {
  if (!refused_.empty()) return false;
  std::string text = "a name that is not a token";
  if (internal::IsToken(name)) {
    const std::size_t at = value.find_first_of("\n\r");
    const char* const what = at == std::string_view::npos ? "a control byte" : value[at] == '\n' ? "a line feed" : "a carriage return";
    text.assign(name).append(": ").append(what).append(" in the value");
  }
  refused_ = Keep(text);
  sizes_ |= SizeBit(name);  // for Clear
  return false;
}

bool Fields::Set(std::string_view name, std::string_view value) {
  if (!IsFieldName(name) || !IsFieldValue(value)) [[unlikely]] return Refuse(name, value);
  if (MayHave(name)) return Replace(name, value);
  Append(name, value);
  return true;
}

[[gnu::noinline]] bool Fields::Replace(std::string_view name, std::string_view value) {
  const auto same = [&](const Field& field) { return internal::EqualsIgnoreCase(field.name, name); };
  const auto first = std::find_if(list_.begin(), list_.end(), same);
  if (first == list_.end()) {
    Append(name, value);
    return true;
  }
  // Copied before the others are deleted: name and value may be views of one of them.
  const Field field{Keep(name), Keep(internal::TrimBlanks(value))};
  list_.erase(std::remove_if(first + 1, list_.end(), same), list_.end());
  *first = field;
  return true;
}

bool Fields::Add(std::string_view name, std::string_view value) {
  if (!IsFieldName(name) || !IsFieldValue(value)) [[unlikely]] return Refuse(name, value);
  Append(name, value);
  return true;
}

void Fields::Erase(std::string_view name) {
  list_.erase(std::remove_if(list_.begin(), list_.end(),
                             [&](const Field& field) { return internal::EqualsIgnoreCase(field.name, name); }),
              list_.end());
}

void Fields::GiveBlocksBack() {
  if (blocks_.size() > 1) {  // the last one is the largest: with it, the same message needs only one block next time
    blocks_.front() = std::move(blocks_.back());
    blocks_.resize(1);
  }
  if (block_size_ > kKeptBlock) {
    blocks_.clear();
    block_size_ = 0;
  }
}

std::string_view Fields::Keep(std::string_view text) {
  if (text.empty()) return {};
  char* at = Room(text.size());
  std::memcpy(at, text.data(), text.size());
  return {at, text.size()};
}

void Fields::AddBlock(std::size_t size) {
  const std::size_t next = std::max({kFirstBlock, block_size_ * 2, size});
  std::unique_ptr<char[]> block(new char[next]);
  blocks_.push_back(std::move(block));
  block_size_ = next;  // only now: if the allocation fails, no block of this size may seem to exist
  block_used_ = 0;
}

}  // namespace weft
