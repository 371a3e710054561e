// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/beast.h>

#include <boost/asio/error.hpp>

#include <weft/handlers/internal/idle_executor.h>

namespace weft {
namespace {

// How many bytes are collected before they are sent: more than most messages have, and few enough not to matter.
constexpr std::size_t kGatheredMax = 16 * 1024;

}  // namespace

BeastStream::BeastStream(BeastStream&& other) noexcept
    : stream_(std::move(other.stream_)), ctx_(std::move(other.ctx_)), failure_(std::move(other.failure_)) {}

BeastStream::executor_type BeastStream::get_executor() noexcept { return internal::IdleExecutor(); }

bool BeastStream::Note(const Error& err, boost::beast::error_code& ec) {
  failure_ = err;
  if (!err) {
    ec = {};
    return true;
  }
  ec = err.Code();
  if (!ec) ec = boost::asio::error::broken_pipe;
  return false;
}

std::size_t BeastStream::ReadInto(std::span<char> buffer, boost::beast::error_code& ec) {
  const Result<std::size_t> n = stream_.Read(ctx_, buffer);
  if (!Note(n.Err(), ec)) return 0;
  if (*n == 0) ec = boost::asio::error::eof;
  return *n;
}

bool BeastStream::TakeTurn(boost::beast::error_code& ec) { return Note(turn_.Lock(ctx_), ec); }

bool BeastStream::Gather(std::string_view bytes, boost::beast::error_code& ec) {
  if (bytes.size() <= kGatheredMax && gathered_.size() <= kGatheredMax - bytes.size()) {
    gathered_.append(bytes);
    return true;
  }
  return WriteGathered(ec) && Note(stream_.Write(ctx_, bytes), ec);
}

bool BeastStream::WriteGathered(boost::beast::error_code& ec) {
  const Error err = gathered_.empty() ? Error() : stream_.Write(ctx_, gathered_);
  gathered_.clear();
  return Note(err, ec);
}

void teardown(boost::beast::role_type, BeastStream& stream, boost::beast::error_code& ec) {
  ec = {};
  static_cast<void>(stream.Underlying().CloseWrite());  // the other end may be gone, which is an end, too
}

}  // namespace weft
