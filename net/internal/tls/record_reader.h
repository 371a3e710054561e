// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_TLS_RECORD_READER_H_
#define WEFT_NET_INTERNAL_TLS_RECORD_READER_H_

#include <cstddef>
#include <limits>
#include <span>
#include <string_view>

#include <weft/net/internal/byte_buffer.h>

namespace weft::internal {

// Passes ciphertext on in complete records (RFC 8446 section 5.1). OpenSSL would reserve 16 KiB for the
// first byte of a record; here it costs only what has arrived. Bytes that are no record are passed on unchanged, so that OpenSSL reports
// what is wrong with them.
class RecordReader {
 public:
  // Lends bytes, which follow all those lent before, until the next Keep.
  void Lend(std::span<const char> fresh) { fresh_ = {fresh.data(), fresh.size()}; }
  // Copies the lent bytes that are left.
  void Keep();

  // Up to `size` bytes of the next record; 0 if it is not complete yet.
  std::size_t Read(char* to, std::size_t size);

  // How often a record has been started since the last reset of the count.
  unsigned Started() const { return started_; }
  void ResetStarted() { started_ = 0; }

  bool Empty() const { return held_.size() == taken_ && fresh_.empty(); }
  // Whether a Read would return something now; and whether a record has begun that is not complete.
  bool HasWhole() const;
  bool HasPart() const { return !Empty() && !HasWhole(); }
  void Clear();

 private:
  static constexpr std::size_t kHead = 5;
  // More than any peer may send in a record (16 KiB and 256 bytes; in TLS 1.2, 16 KiB and 2,048).
  static constexpr std::size_t kFragmentMax = 16 * 1024 + 2048;
  static constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

  // The size of the record that begins with these bytes; 0 if they are too few to tell.
  static std::size_t SizeOfRecord(std::string_view bytes);
  bool Start();
  // Moves bytes that were lent to those that are held, until there are `size` of them.
  bool HoldUpTo(std::size_t size);
  std::string_view Held() const { return held_.View().substr(taken_); }
  void TakeHeld(std::size_t count);

  ByteBuffer held_;        // comes before what is lent
  std::size_t taken_ = 0;  // of what is held
  std::size_t left_ = 0;   // of the record that was started
  std::string_view fresh_;
  unsigned started_ = 0;
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_TLS_RECORD_READER_H_
