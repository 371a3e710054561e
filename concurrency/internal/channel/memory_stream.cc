// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/memory_stream.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <vector>

#include <weft/concurrency/internal/base/small_lock.h>
#include <weft/concurrency/internal/runtime/wait_list.h>
#include <weft/concurrency/mutex.h>

namespace weft {
namespace internal {

// One direction. Turns allow one reader and one writer at a time, so each side has one place to wait in.
struct MemoryPipe {
  explicit MemoryPipe(std::size_t bytes) : ring(bytes) {}

  std::size_t Put(std::string_view data) WEFT_REQUIRES(lock);
  std::size_t Take(std::span<char> into) WEFT_REQUIRES(lock);
  // True: the call has ended, successfully or not.
  bool TryRead(std::span<char> into, std::size_t& n, Error& failed) WEFT_REQUIRES(lock);
  bool TryWrite(std::string_view& data, Error& failed) WEFT_REQUIRES(lock);
  void EndWriting() noexcept;
  void EndReading() noexcept;
  static void Wake(Parker* waiter) noexcept {
    if (waiter != nullptr) waiter->Wake();  // false: it gives up, and the bytes stay here
  }

  Mutex read_turn;
  Mutex write_turn;
  SmallLock lock;
  std::vector<char> ring WEFT_GUARDED_BY(lock);
  std::size_t begin WEFT_GUARDED_BY(lock) = 0;
  std::size_t size WEFT_GUARDED_BY(lock) = 0;
  bool writer_done WEFT_GUARDED_BY(lock) = false;
  bool reader_gone WEFT_GUARDED_BY(lock) = false;
  Parker* reader WEFT_GUARDED_BY(lock) = nullptr;
  Parker* writer WEFT_GUARDED_BY(lock) = nullptr;
};

std::size_t MemoryPipe::Put(std::string_view data) {
  const std::size_t n = std::min(data.size(), ring.size() - size);
  if (n == 0) return 0;
  const std::size_t end = (begin + size) % ring.size();
  const std::size_t first = std::min(n, ring.size() - end);
  std::memcpy(ring.data() + end, data.data(), first);
  std::memcpy(ring.data(), data.data() + first, n - first);
  size += n;
  return n;
}

std::size_t MemoryPipe::Take(std::span<char> into) {
  const std::size_t n = std::min(into.size(), size);
  const std::size_t first = std::min(n, ring.size() - begin);
  std::memcpy(into.data(), ring.data() + begin, first);
  std::memcpy(into.data() + first, ring.data(), n - first);
  begin = (begin + n) % ring.size();
  size -= n;
  return n;
}

bool MemoryPipe::TryRead(std::span<char> into, std::size_t& n, Error& failed) {
  if (reader_gone) {
    failed = kClosed;
    return true;
  }
  if (size == 0) return writer_done;
  n = Take(into);
  Wake(writer);
  return true;
}

bool MemoryPipe::TryWrite(std::string_view& data, Error& failed) {
  if (reader_gone || writer_done) {
    failed = kClosed;
    return true;
  }
  if (const std::size_t n = Put(data)) {
    data.remove_prefix(n);
    Wake(reader);
  }
  return data.empty();
}

void MemoryPipe::EndWriting() noexcept {
  std::lock_guard hold(lock);
  writer_done = true;
  Wake(writer);
  Wake(reader);
}

void MemoryPipe::EndReading() noexcept {
  std::lock_guard hold(lock);
  reader_gone = true;
  size = 0;
  Wake(writer);
  Wake(reader);
}

namespace {

// Repeats `attempt`, under the pipe's lock, until it is true or the context is done.
template <class Attempt>
Error Repeat(const Context& ctx, MemoryPipe& pipe, Parker*& place, const char* waits_for, Attempt attempt) WEFT_NO_LOCK_ANALYSIS {
  if (Error err = ctx.Err()) return err;
  {
    std::lock_guard hold(pipe.lock);
    if (attempt()) return {};
  }
  while (!WaitInPlace(pipe.lock, place, waits_for, ctx, attempt)) {
    if (Error err = ctx.Err()) return err;
  }
  return {};
}

}  // namespace
}  // namespace internal

using internal::MemoryPipe;

std::pair<MemoryStream, MemoryStream> MemoryStreamPair(MemoryStreamOptions options) {
  if (options.buffer_bytes == 0) internal::AbortMisuse("MemoryStreamPair", "the buffer must hold at least one byte");
  auto there = std::make_shared<MemoryPipe>(options.buffer_bytes);
  auto back = std::make_shared<MemoryPipe>(options.buffer_bytes);
  return {MemoryStream(back, there), MemoryStream(there, back)};
}

MemoryStream::MemoryStream() noexcept = default;
MemoryStream::MemoryStream(MemoryStream&& other) noexcept = default;
MemoryStream::MemoryStream(std::shared_ptr<MemoryPipe> in, std::shared_ptr<MemoryPipe> out) noexcept
    : in_(std::move(in)), out_(std::move(out)) {}

MemoryStream& MemoryStream::operator=(MemoryStream&& other) noexcept {
  if (this == &other) return *this;
  Close();
  in_ = std::move(other.in_);
  out_ = std::move(other.out_);
  return *this;
}

MemoryStream::~MemoryStream() { Close(); }

Result<std::size_t> MemoryStream::Read(const Context& ctx, std::span<char> into) {
  if (in_ == nullptr) return kClosed;
  MemoryPipe& pipe = *in_;
  if (Error err = pipe.read_turn.Lock(ctx)) return err;
  std::unique_lock turn(pipe.read_turn, std::adopt_lock);
  if (into.empty()) return std::size_t{0};
  std::size_t n = 0;
  Error failed;
  const auto attempt = [&]() WEFT_REQUIRES(pipe.lock) { return pipe.TryRead(into, n, failed); };
  if (Error err = internal::Repeat(ctx, pipe, pipe.reader, "memory stream: read", attempt)) return err;
  if (failed) return failed;
  return n;
}

Error MemoryStream::Write(const Context& ctx, std::string_view data, std::size_t* written) {
  if (written != nullptr) *written = 0;
  if (out_ == nullptr) return kClosed;
  MemoryPipe& pipe = *out_;
  if (Error err = pipe.write_turn.Lock(ctx)) return err;
  std::unique_lock turn(pipe.write_turn, std::adopt_lock);
  std::string_view left = data;
  Error failed;
  const auto attempt = [&]() WEFT_REQUIRES(pipe.lock) { return pipe.TryWrite(left, failed); };
  Error err = internal::Repeat(ctx, pipe, pipe.writer, "memory stream: write", attempt);
  if (written != nullptr) *written = data.size() - left.size();
  return err ? err : failed;
}

void MemoryStream::CloseWrite() noexcept {
  if (out_ != nullptr) out_->EndWriting();
}

void MemoryStream::Close() noexcept {
  if (out_ != nullptr) out_->EndWriting();
  if (in_ != nullptr) in_->EndReading();
}

}  // namespace weft
