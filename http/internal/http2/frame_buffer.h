// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP2_FRAME_BUFFER_H_
#define WEFT_HTTP_INTERNAL_HTTP2_FRAME_BUFFER_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weft::internal::http2 {

// Frames to be sent: bytes of its own and, between them, bodies that are elsewhere and sent from there. Those
// must stay until they were taken off the front, or Settle has copied them.
class FrameBuffer {
 public:
  bool Empty() const { return size_ == 0; }
  std::size_t Size() const { return size_; }

  void Append(std::string_view bytes);
  // Sent from where it lies, unless it is so short that a copy costs less.
  void Lend(std::string_view bytes);

  // The pieces in order; valid until the next change. At most `most` of them.
  template <class F>
  void ForEachPiece(std::size_t most, F see) const {
    const char* own = own_.data() + own_at_;
    for (std::size_t i = first_; i < pieces_.size() && most > 0; ++i, --most) {
      const Piece& piece = pieces_[i];
      see(std::string_view(piece.lent != nullptr ? piece.lent : own, piece.size));
      if (piece.lent == nullptr) own += piece.size;
    }
  }
  // These were taken.
  void Consume(std::size_t bytes);
  // Copies what lies elsewhere, into no more memory than it needs: what is left may be left for long.
  void Settle();
  void Clear();

 private:
  static constexpr std::size_t kWorthLending = 2048;
  static constexpr std::size_t kKept = 64 * 1024;
  static constexpr std::size_t kSpare = 1024;

  struct Piece {
    const char* lent;  // null: the next ones of own_
    std::size_t size;
  };
  std::string own_;
  std::size_t own_at_ = 0;  // of own_ that was taken
  std::vector<Piece> pieces_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace weft::internal::http2

#endif  // WEFT_HTTP_INTERNAL_HTTP2_FRAME_BUFFER_H_
