// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_INTERNAL_REAL_TIME_WAITS_H_
#define WEFT_CLIENTS_POSTGRES_INTERNAL_REAL_TIME_WAITS_H_

#include <cstdint>

#include <weft/clients/postgres/internal/wire.h>
#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>

namespace weft::postgres::internal {

// A descriptor and a bound in real time, for what a server is given to stop: in RunTest time stands still while it works, and a bound by
// weft's clock would never come. It costs some system calls, and is used only after a context has ended.
class RealTimeWaits final : public Waits {
 public:
  RealTimeWaits(const Context& ctx, int fd, Duration bound);
  ~RealTimeWaits();
  RealTimeWaits(const RealTimeWaits&) = delete;
  RealTimeWaits& operator=(const RealTimeWaits&) = delete;

  // std::errc::timed_out after the bound; those of the system.
  Result<FdEvents> Wait(FdEvents events) override;
  // Until then instead, if that is earlier than the bound.
  void Until(std::int64_t real_ns);
  static std::int64_t RealNow();
  std::int64_t Bound() const { return bound_ns_; }

 private:
  Error Prepare(FdEvents events);

  const Context& ctx_;
  const int fd_;
  const std::int64_t bound_ns_;
  std::int64_t until_ns_;
  int epoll_ = -1;
  int timer_ = -1;
};

}  // namespace weft::postgres::internal

#endif  // WEFT_CLIENTS_POSTGRES_INTERNAL_REAL_TIME_WAITS_H_
