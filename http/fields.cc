// SPDX-License-Identifier: Apache-2.0
#include <weft/http/fields.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include <weft/http/internal/char_class.h>
#include <weft/http/internal/text.h>

namespace weft {
namespace {

// What Clear keeps for the next message is bounded, since every pooled message pays for it.
constexpr std::size_t kKeptBlock = 8192;

// Whether one of these eight bytes is below 0x20 or is 0x7f; it may also say so of a byte right of
// such a one.
bool MayHaveControl(std::uint64_t bytes) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighs = 0x8080808080808080;
  const std::uint64_t below_blank = (bytes - kOnes * 0x20) & ~bytes;
  const std::uint64_t delete_is_zero = bytes ^ (kOnes * 0x7f);
  return ((below_blank | ((delete_is_zero - kOnes) & ~delete_is_zero)) & kHighs) != 0;
}

std::uint64_t WordAt(std::string_view text, std::size_t at) {
  std::uint64_t bytes;
  std::memcpy(&bytes, text.data() + at, sizeof bytes);
  return bytes;
}

// RFC 9110 section 5.5: visible bytes, blanks and tabs, and obs-text. Eight at a time, since it
// sees every value of every answer.
bool IsFieldValue(std::string_view value) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  std::size_t at = 0;
  for (; value.size() - at >= kWord; at += kWord) {
    if (MayHaveControl(WordAt(value, at))) break;
  }
  // The last ones once more with those before them.
  if (value.size() >= kWord && value.size() - at < kWord && !MayHaveControl(WordAt(value, value.size() - kWord))) return true;
  return std::all_of(value.begin() + static_cast<std::ptrdiff_t>(at), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

}  // namespace

const Fields::Field* Fields::Find(std::string_view name) const {
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

bool Fields::Refuse(std::string_view name, std::string_view value) {
  if (!refused_.empty()) return false;
  std::string text = "a name that is no token";
  if (internal::IsToken(name)) {
    const std::size_t at = value.find_first_of("\n\r");
    const char* const what = at == std::string_view::npos ? "a control byte" : value[at] == '\n' ? "a line feed" : "a carriage return";
    text.assign(name).append(": ").append(what).append(" in the value");
  }
  refused_ = Keep(text);
  return false;
}

bool Fields::Set(std::string_view name, std::string_view value) {
  if (!internal::IsToken(name) || !IsFieldValue(value)) return Refuse(name, value);
  if (!MayHave(name)) {
    Append(name, value);
    return true;
  }
  const auto same = [&](const Field& field) { return internal::EqualsIgnoreCase(field.name, name); };
  const auto first = std::find_if(list_.begin(), list_.end(), same);
  if (first == list_.end()) {
    Append(name, value);
    return true;
  }
  // Copied before the others go: name and value may be views of one of them.
  const Field field{Keep(name), Keep(internal::TrimBlanks(value))};
  list_.erase(std::remove_if(first + 1, list_.end(), same), list_.end());
  *first = field;
  return true;
}

bool Fields::Add(std::string_view name, std::string_view value) {
  if (!internal::IsToken(name) || !IsFieldValue(value)) return Refuse(name, value);
  Append(name, value);
  return true;
}

// Both in one piece of memory.
void Fields::Append(std::string_view name, std::string_view value) {
  value = internal::TrimBlanks(value);
  char* at = Room(name.size() + value.size());
  std::memcpy(at, name.data(), name.size());
  if (!value.empty()) std::memcpy(at + name.size(), value.data(), value.size());
  list_.push_back({{at, name.size()}, {at + name.size(), value.size()}});
  sizes_ |= SizeBit(name);
}

void Fields::Erase(std::string_view name) {
  list_.erase(std::remove_if(list_.begin(), list_.end(),
                             [&](const Field& field) { return internal::EqualsIgnoreCase(field.name, name); }),
              list_.end());
}

void Fields::GiveBlocksBack() {
  if (blocks_.size() > 1) {  // the last one is the largest: with it the same message needs no second one again
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

char* Fields::Room(std::size_t size) {
  if (block_size_ - block_used_ < size) {
    block_size_ = std::max({kFirstBlock, block_size_ * 2, size});
    blocks_.emplace_back(new char[block_size_]);
    block_used_ = 0;
  }
  char* at = blocks_.back().get() + block_used_;
  block_used_ += size;
  return at;
}

}  // namespace weft
