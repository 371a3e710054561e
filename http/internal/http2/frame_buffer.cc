// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http2/frame_buffer.h>

#include <algorithm>

namespace weft::internal::http2 {

void FrameBuffer::Append(std::string_view bytes) {
  if (bytes.empty()) return;
  own_.append(bytes);
  size_ += bytes.size();
  if (first_ < pieces_.size() && pieces_.back().lent == nullptr) {
    pieces_.back().size += bytes.size();
  } else {
    pieces_.push_back({nullptr, bytes.size()});
  }
}

void FrameBuffer::Lend(std::string_view bytes) {
  if (bytes.size() < kWorthLending) return Append(bytes);
  pieces_.push_back({bytes.data(), bytes.size()});
  size_ += bytes.size();
}

void FrameBuffer::Consume(std::size_t bytes) {
  size_ -= bytes;
  if (size_ == 0) return Clear();
  while (bytes > 0) {
    Piece& piece = pieces_[first_];
    const std::size_t here = std::min(bytes, piece.size);
    if (piece.lent != nullptr) {
      piece.lent += here;
    } else {
      own_at_ += here;
    }
    piece.size -= here;
    bytes -= here;
    if (piece.size == 0) ++first_;
  }
}

void FrameBuffer::Settle() {
  if (size_ == 0) return;
  const bool lent = std::any_of(pieces_.begin() + static_cast<std::ptrdiff_t>(first_), pieces_.end(),
                                [](const Piece& piece) { return piece.lent != nullptr; });
  if (!lent && own_.capacity() <= 2 * size_ + kSpare) return;
  std::string all;
  all.reserve(size_);
  ForEachPiece(pieces_.size(), [&all](std::string_view piece) { all.append(piece); });
  own_.swap(all);
  own_at_ = first_ = 0;
  pieces_.assign(1, {nullptr, size_});
}

void FrameBuffer::Clear() {
  own_.clear();
  if (own_.capacity() > kKept) own_ = std::string();
  pieces_.clear();
  own_at_ = first_ = size_ = 0;
}

}  // namespace weft::internal::http2
