// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_BYTE_BUFFER_H_
#define WEFT_NET_INTERNAL_BYTE_BUFFER_H_

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace weft::internal {

// Bytes that are appended and later removed from the front. Unlike std::vector, it does not zero what is about to be
// overwritten.
class ByteBuffer {
 public:
  const char* data() const { return bytes_.get(); }  // NOLINT: as containers have it
  char* data() { return bytes_.get(); }              // NOLINT
  std::size_t size() const { return size_; }         // NOLINT
  bool empty() const { return size_ == 0; }          // NOLINT
  std::string_view View() const { return {bytes_.get(), size_}; }

  // At least `room` bytes after the end. Write there, then call Grown with the number of bytes written.
  char* Reserve(std::size_t room) {
    if (capacity_ - size_ < room) Enlarge(room);
    return bytes_.get() + size_;
  }
  void Grow(std::size_t written) { size_ += written; }

  void Append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(Reserve(bytes.size()), bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  // A buffer without memory allocates no more than this needs: many hold one message and never another byte.
  void Assign(std::string_view bytes) {
    size_ = 0;
    if (capacity_ == 0 && !bytes.empty()) Allocate((bytes.size() + kUnit - 1) / kUnit * kUnit);
    Append(bytes);
  }
  void Insert(std::size_t at, std::string_view bytes) {
    Reserve(bytes.size());
    std::memmove(bytes_.get() + at + bytes.size(), bytes_.get() + at, size_ - at);
    std::memcpy(bytes_.get() + at, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void EraseFront(std::size_t count) {
    size_ -= count;
    std::memmove(bytes_.get(), bytes_.get() + count, size_);
  }
  void Truncate(std::size_t size) { size_ = size; }
  void Clear() { size_ = 0; }
  // Removes all bytes, and frees memory above the limit.
  void Recycle(std::size_t keep_bytes) {
    size_ = 0;
    if (capacity_ <= keep_bytes) return;
    bytes_.reset();
    capacity_ = 0;
  }
  void Swap(ByteBuffer& other) {
    std::swap(bytes_, other.bytes_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  static constexpr std::size_t kUnit = 64;

  void Enlarge(std::size_t room) {
    std::size_t capacity = capacity_ < 512 ? 512 : capacity_ * 2;
    if (capacity < size_ + room) capacity = size_ + room;
    Allocate(capacity);
  }
  void Allocate(std::size_t capacity) {
    std::unique_ptr<char[]> larger(new char[capacity]);
    if (size_ != 0) std::memcpy(larger.get(), bytes_.get(), size_);
    bytes_ = std::move(larger);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_BYTE_BUFFER_H_
