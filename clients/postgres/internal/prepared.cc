// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/internal/connection.h>

#include <string>
#include <utility>
#include <vector>

#include <weft/clients/postgres/failure.h>
#include <weft/clients/postgres/internal/statement_check.h>
#include <weft/clients/postgres/internal/statement_name.h>

namespace weft::postgres::internal {
namespace {

// Whoever needs room for one statement does not pay for all that others have given up.
constexpr int kFreedAtOnce = 4;

struct Nothing final : ResultHandler {
  Error OnColumns(const ResultView&) override { return {}; }
  Error OnRows(const ResultView&) override { return {}; }
};

}  // namespace

Error Connection::Begin(const Context& ctx, const char* sql) {
  // Within a transaction no room is made.
  if (statements_.RoomWasWanted()) {
    statements_.MakeRoom();
    if (Error err = DeallocateGivenUp(ctx, {})) return err;
  }
  return Command(ctx, sql);
}

Result<const StatementCache::Statement*> Connection::Prepared(const Context& ctx, std::string_view sql, Delivery& to) {
  const StatementCache::Statement* statement = statements_.Find(sql);
  to.known = statement != nullptr;
  if (statement == nullptr) {
    if (!WorthPreparing(sql)) return statement;
    std::string name = StatementName(sql);
    // In a transaction a failure would spoil it.
    if (!InTransaction()) {
      statements_.MakeRoom();
      if (Error err = DeallocateGivenUp(ctx, name)) return err;
    }
    if (statements_.NoRoomFor(name)) return statement;
    const Result<const StatementCache::Statement*> made = Prepare(ctx, sql, std::move(name), to);
    if (Error err = made.Err()) return err;
    statement = *made;
  }
  to.prepared = statement->name;
  return statement;
}

Result<const StatementCache::Statement*> Connection::Prepare(const Context& ctx, std::string_view sql, std::string name, Delivery& to) {
  const bool in_transaction = InTransaction();
  Error err = Sent(PQsendPrepare(wire_->Raw(), name.c_str(), std::string(sql).c_str(), 0, nullptr));
  if (!err) err = FinishCommand(ctx);
  const bool there = IsSqlState(err, "42P05");  // in this session of a pooler's: by its name it is this statement
  if (err && (!there || in_transaction)) {
    // Without a word of the server against it, it may have been prepared.
    if (there || err.As<Failure>() == nullptr) statements_.GiveUpName(std::move(name));
    return err;
  }
  Nothing nothing;
  PgResult columns;
  Delivery description{.rows = nothing, .prepared = name, .known = there, .keep = &columns};
  err = Sent(PQsendDescribePrepared(wire_->Raw(), name.c_str()));
  if (!err) err = Receive(ctx, description);
  if (err) {
    to.stale = description.stale;
    statements_.GiveUpName(std::move(name));
    return err;
  }
  return &statements_.Add(sql, std::move(name), std::move(columns));
}

Error Connection::DeallocateGivenUp(const Context& ctx, const std::string& first) {
  std::vector<std::string>& names = statements_.GivenUp(first);
  for (int i = 0; i < kFreedAtOnce && !names.empty(); ++i, names.pop_back()) {
    const Error err = Command(ctx, ("deallocate " + names.back()).c_str());
    if (err && !IsSqlState(err, "26000")) return err;  // else it was gone: a DISCARD ALL, or a pooler
  }
  return {};
}

}  // namespace weft::postgres::internal
