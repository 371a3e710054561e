// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/tls/record_reader.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace weft::internal {

std::size_t RecordReader::SizeOfRecord(std::string_view bytes) {
  if (bytes.size() < kHead) return 0;
  const auto at = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i]));
  };
  const std::size_t fragment = at(3) << 8 | at(4);
  // Types from change_cipher_spec to heartbeat; all versions begin with 3.
  const bool record = at(0) >= 20 && at(0) <= 24 && at(1) == 3 && fragment <= kFragmentMax;
  return record ? kHead + fragment : kAll;
}

bool RecordReader::HoldUpTo(std::size_t size) {
  const std::size_t have = held_.size() - taken_;
  if (have >= size) return true;
  const std::size_t more = std::min(size - have, fresh_.size());
  held_.Append(fresh_.substr(0, more));
  fresh_.remove_prefix(more);
  return have + more >= size;
}

bool RecordReader::Start() {
  const bool in_held = held_.size() > taken_;
  if (in_held && !HoldUpTo(kHead)) return false;
  const std::string_view bytes = in_held ? Held() : fresh_;
  const std::size_t size = SizeOfRecord(bytes);
  if (size == 0) return false;
  if (size != kAll) {
    if (in_held ? !HoldUpTo(size) : bytes.size() < size) return false;
  }
  left_ = size;
  ++started_;
  return true;
}

std::size_t RecordReader::Read(char* to, std::size_t size) {
  if (left_ == 0 && !Start()) return 0;
  const bool in_held = held_.size() > taken_;
  const std::string_view source = in_held ? Held() : fresh_;
  const std::size_t count = std::min({size, left_, source.size()});
  if (count == 0) return 0;
  std::memcpy(to, source.data(), count);
  if (in_held) {
    TakeHeld(count);
  } else {
    fresh_.remove_prefix(count);
  }
  if (left_ != kAll) left_ -= count;
  return count;
}

void RecordReader::TakeHeld(std::size_t count) {
  taken_ += count;
  if (taken_ < held_.size()) return;
  held_.Recycle(0);
  taken_ = 0;
}

void RecordReader::Keep() {
  if (fresh_.empty()) return;
  if (taken_ != 0) held_.EraseFront(std::exchange(taken_, 0));
  held_.Append(fresh_);
  fresh_ = {};
}

bool RecordReader::HasWhole() const {
  if (left_ != 0) return !Empty();
  std::array<char, kHead> head;
  const std::size_t in_held = Held().copy(head.data(), kHead);
  const std::size_t all = in_held + fresh_.copy(head.data() + in_held, kHead - in_held);
  const std::size_t size = SizeOfRecord({head.data(), all});
  return size != 0 && (size == kAll || Held().size() + fresh_.size() >= size);
}

void RecordReader::Clear() {
  held_.Recycle(0);
  taken_ = left_ = 0;
  fresh_ = {};
}

}  // namespace weft::internal
