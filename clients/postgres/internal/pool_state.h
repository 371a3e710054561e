// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_INTERNAL_POOL_STATE_H_
#define WEFT_CLIENTS_POSTGRES_INTERNAL_POOL_STATE_H_

#include <memory>
#include <utility>

#include <weft/clients/postgres/internal/connection.h>
#include <weft/concurrency/resource_pool.h>

namespace weft::postgres::internal {

using Connections = ResourcePool<std::unique_ptr<Connection>>;

class PoolState {
 public:
  explicit PoolState(PoolOptions options);

  Result<Connections::Lease> Acquire(const Context& ctx);
  Shared& Common() { return shared_; }
  Connections& All() { return connections_; }
  const Connections& All() const { return connections_; }

 private:
  Shared shared_;
  Connections connections_;
};

// A connection for as long as it lives; what is lost does not go back, nor what is in a transaction still, as after an exception.
class Borrowed {
 public:
  explicit Borrowed(Connections::Lease lease) : lease_(std::move(lease)) {}
  ~Borrowed() {
    if ((*lease_)->Lost() || (*lease_)->InTransaction()) lease_.Discard();
  }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  Connection* operator->() const { return lease_->get(); }
  Connection& operator*() const { return **lease_; }

 private:
  Connections::Lease lease_;
};

}  // namespace weft::postgres::internal

#endif  // WEFT_CLIENTS_POSTGRES_INTERNAL_POOL_STATE_H_
