// SPDX-License-Identifier: Apache-2.0
#include "postgres_schema.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace {

// Each is one statement, and stays as it is once it has been used: what is to change comes at the end.
constexpr std::array kMigrations = {
    // Ids are never given out again, so that an old ETag cannot fit another note.
    "create table notes (id bigint generated always as identity primary key, version bigint not null default 1, title text not null, "
    "text text not null, changed timestamptz not null default now())",
    // A change of a note, by any program, notifies all listeners once it is committed.
    "create function tell_of_note() returns trigger language plpgsql as $$ begin "
    "perform pg_notify('notes', case tg_op when 'DELETE' then 'deleted ' || old.id || ' ' || old.version else 'saved ' || new.id || ' ' || new.version end); "
    "return null; end $$",
    "create trigger tell_of_note after insert or update or delete on notes for each row execute function tell_of_note()",
};

constexpr std::int64_t kLock = 0x77656674'6e6f7465;  // any number that no other program uses

weft::Error Migrate(const weft::Context& ctx, weft::postgres::Transaction& tx) {
  if (weft::Error err = tx.Execute(ctx, "set local statement_timeout to 0").Err()) return err;
  if (weft::Error err = tx.Execute(ctx, "select pg_advisory_xact_lock($1)", kLock).Err()) return err;
  if (weft::Error err = tx.Execute(ctx, "create table if not exists notes_schema (version bigint not null)").Err()) return err;
  const weft::Result<std::optional<std::int64_t>> found = tx.QueryOne<std::int64_t>(ctx, "select version from notes_schema");
  if (weft::Error err = found.Err()) return err;
  const auto newest = static_cast<std::int64_t>(kMigrations.size());
  const std::int64_t version = found->value_or(0);
  if (version > newest) {
    return weft::Error::New("the tables are of version " + std::to_string(version) + ", and this service knows " + std::to_string(newest) + " at most");
  }
  for (auto next = static_cast<std::size_t>(version); next < kMigrations.size(); ++next) {
    if (weft::Error err = tx.Execute(ctx, kMigrations[next]).Err()) return err.Wrap("migration " + std::to_string(next + 1));
  }
  if (version == newest) return {};
  return tx.Execute(ctx, *found ? "update notes_schema set version = $1" : "insert into notes_schema values ($1)", newest).Err();
}

}  // namespace

weft::Error MigrateNotes(const weft::Context& ctx, weft::postgres::Pool& db) { return db.InTransaction(ctx, Migrate); }
