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

// The settings of a Pool. Every field has a default.
//
//   weft::postgres::Pool db({.conninfo = "host=db.internal dbname=shop sslmode=verify-full",
//                            .connections_max = 32,
//                            .statement_timeout = std::chrono::seconds(10)});
struct PoolOptions {
  // As for psql: "host=db.internal dbname=shop user=app sslmode=verify-full", or
  // "postgres://app@db.internal/shop". Several hosts are tried in order (host=a,b;
  // target_session_attrs=read-write), each for its share of connect_timeout. What is missing comes
  // from PGHOST, ~/.pgpass and so on. TLS is libpq's: sslmode and sslrootcert; if weft is built
  // without TLS there is none.
  std::string conninfo{};

  // All limits apply to the whole process, for all its loops and schedulers together.
  std::uint32_t connections_max = 16;
  // Calls that wait for a connection; further ones fail at once.
  std::uint32_t waiting_max = 1024;
  Duration acquire_timeout = std::chrono::seconds(5);  // for a connection to become free
  Duration connect_timeout = std::chrono::seconds(5);  // lookup, TCP, TLS and authentication
  Duration idle_timeout = std::chrono::minutes(5);     // see ResourcePool: nothing runs by itself
  Duration lifetime_max = std::chrono::minutes(30);
  // How long a call whose context has ended waits for the server to stop; after that the connection
  // is closed.
  Duration cancel_grace = std::chrono::seconds(1);
  // The server's own limit for each statement, as a last resort.
  Duration statement_timeout = kUnlimited;

  // Statements are prepared when they are first used on a connection, and kept there, except those
  // that neither read nor write tables, such as FETCH, EXECUTE or DDL. False: no state is kept in
  // the server, as poolers in transaction mode require (PgBouncer before 1.21). Then the server has
  // no statement_timeout: set one for the database or the role.
  bool prepare = true;
  // Prepared statements that are kept on each connection. A transaction that uses more than there
  // is room for runs them without preparing them.
  std::uint32_t statements_max = 200;
};

// Returns what is wrong with the options; empty if nothing is. A Pool with such options fails with
// it.
Error Validate(const PoolOptions& options);

}  // namespace weft::postgres

#endif  // WEFT_CLIENTS_POSTGRES_OPTIONS_H_
