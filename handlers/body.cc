// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/body.h>

#include <algorithm>

#include <weft/concurrency/context.h>
#include <weft/handlers/server_side.h>

namespace weft {
namespace {

// Up to this size, ReadAll trusts a declared length before any bytes have arrived.
constexpr std::uint64_t kReserveMax = 256 * 1024;
constexpr std::size_t kPiece = 8192;

// How much room a body gets that has filled `used` bytes. For each byte that has arrived, three more of the declared length are trusted.
// So a large body rarely moves to a larger buffer, and no client gets much memory for a mere announcement.
std::size_t NextSize(std::size_t used, std::optional<std::uint64_t> declared) {
  const std::uint64_t left = declared.value_or(0) > used ? *declared - used : 0;
  return used + std::max<std::size_t>(kPiece, static_cast<std::size_t>(std::min<std::uint64_t>(left, std::uint64_t{used} * 3)));
}

}  // namespace

void Body::Check(const char* function) const {
  if (ctx_ == nullptr) internal::AbortMisuse(function, "used after its handler has returned");
  if (CurrentScope() != scope_) {
    internal::AbortMisuse(function, "used from another loop, or by a fiber that does not belong to its request");
  }
}

Error Body::BeforeRead(const Context& ctx) {
  if (failure_) return failure_;
  if (Error err = ctx.Err()) return err;
  if (read_ == 0 && Declared().value_or(0) > limit_) failure_ = kTooLarge.Wrap("request body");
  return failure_;
}

Result<std::size_t> Body::Read(std::span<char> buffer) {
  Check("Body::Read");
  return Read(*ctx_, buffer);
}

Result<std::size_t> Body::Read(const Context& ctx, std::span<char> buffer) {
  Check("Body::Read");
  if (Error err = BeforeRead(ctx)) return err;
  if (source_ == nullptr || ended_ || buffer.empty()) return std::size_t{0};
  // One byte beyond the limit is enough to detect that the body exceeds it.
  const std::uint64_t left = limit_ > read_ ? limit_ - read_ : 0;
  if (left < buffer.size()) buffer = buffer.first(static_cast<std::size_t>(left) + 1);
  Result<std::size_t> n = source_->Read(ctx, buffer);
  if (!n.Ok()) {
    if (!ctx.Err()) failure_ = n.Err();  // the context may be replaced (Request::Use), but a broken body stays broken
    return n;
  }
  if (*n > left) {
    failure_ = kTooLarge.Wrap("request body");
    return failure_;
  }
  read_ += *n;
  ended_ = *n == 0;
  return n;
}

Result<std::string> Body::ReadAll() {
  Check("Body::ReadAll");
  if (Error err = BeforeRead(*ctx_)) return err;
  const std::optional<std::uint64_t> declared = Declared();
  std::string all(static_cast<std::size_t>(declared ? std::min(*declared, kReserveMax) : kPiece), '\0');
  std::size_t used = 0;
  while (true) {
    char beyond;  // the body is complete, only its end is still to be read
    const bool whole = used == declared;
    if (!whole && all.size() == used) all.resize(std::max(all.capacity(), NextSize(used, declared)));
    Result<std::size_t> n = whole ? Read({&beyond, 1}) : Read({all.data() + used, all.size() - used});
    if (Error err = n.Err()) return err;
    if (*n == 0) break;
    if (whole) all.resize(used), all.push_back(beyond);
    used += *n;
  }
  all.resize(used);
  return all;
}

void Body::SetLimit(std::uint64_t bytes) {
  Check("Body::SetLimit");
  limit_ = bytes;
}

std::optional<std::uint64_t> Body::Declared() const {
  Check("Body::Declared");
  if (source_ == nullptr) return 0;
  return source_->Declared();
}

}  // namespace weft
