// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_OPTIONS_H_
#define WEFT_CLIENTS_POSTGRES_OPTIONS_H_

#include <chrono>
#include <cstdint>
#include <string>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/unlimited.h>

namespace weft::postgres {

struct PoolOptions {
  // As for psql: "host=db.internal dbname=shop user=app sslmode=verify-full", or
  // "postgres://app@db.internal/shop". Several hosts are tried in order (host=a,b;
  // target_session_attrs=read-write), each for its share of connect_timeout. What it leaves open comes from PGHOST, ~/.pgpass and the like.
  // TLS is libpq's: sslmode and sslrootcert.
  std::string conninfo{};

  // All limits are of the process, for all its loops and schedulers together.
  std::uint32_t connections_max = 16;
  std::uint32_t waiting_max = 1024;                    // calls that wait for a connection; more fail at once
  Duration acquire_timeout = std::chrono::seconds(5);  // for a connection to become free
  Duration connect_timeout = std::chrono::seconds(5);  // look-up, TCP, TLS and authentication
  Duration idle_timeout = std::chrono::minutes(5);     // see ResourcePool: nothing runs by itself
  Duration lifetime_max = std::chrono::minutes(30);
  // How long a call whose context has ended waits for the server to stop; then the connection is
  // closed.
  Duration cancel_grace = std::chrono::seconds(1);
  // The server's own limit for each statement, as the last net.
  Duration statement_timeout = kUnlimited;

  // Statements are prepared at their first use on a connection and kept there. False: no state is
  // kept on the server's side, as poolers in transaction mode need it (PgBouncer before 1.21).
  bool prepare = true;
  std::uint32_t statements_max = 200;  // prepared ones kept on each connection
};

// What is wrong with the options; empty if nothing is. A Pool of such options fails with it.
Error Validate(const PoolOptions& options);

}  // namespace weft::postgres

#endif  // WEFT_CLIENTS_POSTGRES_OPTIONS_H_
