// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP1_SESSION_POOL_H_
#define WEFT_SERVER_INTERNAL_HTTP1_SESSION_POOL_H_

#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include <weft/server/internal/http1/session.h>

namespace weft::internal::http1 {

// The warm sessions of a loop.
class SessionPool {
 public:
  SessionPool(Shard& shard, Batch& batch, Lending& lending) : shard_(shard), batch_(batch), lending_(lending) {
    free_.reserve(kKept);
  }
  SessionPool(const SessionPool&) = delete;
  SessionPool& operator=(const SessionPool&) = delete;

  // Throws std::bad_alloc.
  std::unique_ptr<Session> Take() {
    if (free_.empty()) return std::make_unique<Session>(shard_, batch_, lending_);
    std::unique_ptr<Session> session = std::move(free_.back());
    free_.pop_back();
    return session;
  }
  // Null: there is no memory for one.
  [[gnu::always_inline]] std::unique_ptr<Session> TakeOrNull() noexcept {
    try {
      return Take();
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
  }
  [[gnu::always_inline]] void GiveBack(std::unique_ptr<Session> session) noexcept {
    session->Recycle();
    if (free_.size() < kKept) free_.push_back(std::move(session));
  }

 private:
  static constexpr std::size_t kKept = 256;

  Shard& shard_;
  Batch& batch_;
  Lending& lending_;
  std::vector<std::unique_ptr<Session>> free_;
};

}  // namespace weft::internal::http1

#endif  // WEFT_SERVER_INTERNAL_HTTP1_SESSION_POOL_H_
