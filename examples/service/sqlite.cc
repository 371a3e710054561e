// SPDX-License-Identifier: Apache-2.0
#include "sqlite.h"

#include <stdexcept>

#include <sqlite3.h>

namespace {

void Check(int code, sqlite3* database) {
  if (code != SQLITE_OK) throw std::runtime_error(std::string("SQLite: ") + sqlite3_errmsg(database));
}

}  // namespace

void SqliteConnection::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

SqliteConnection::SqliteConnection(const std::string& path) {
  sqlite3* database = nullptr;
  // NOMUTEX: a connection is used by one thread at a time.
  const int code = sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  database_.reset(database);
  if (code != SQLITE_OK) throw std::runtime_error(path + ": " + (database == nullptr ? "no memory" : sqlite3_errmsg(database)));
  Check(sqlite3_busy_timeout(database, 5000), database);  // another process may write, too
}

void SqliteConnection::Execute(const char* sql) { Check(sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr), database_.get()); }

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

SqliteStatement::SqliteStatement(SqliteConnection& connection, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  Check(sqlite3_prepare_v3(connection.database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr), connection.database_.get());
  statement_.reset(statement);
}

SqliteQuery::~SqliteQuery() { sqlite3_reset(statement_); }

void SqliteQuery::Bind(int place, std::int64_t value) { Check(sqlite3_bind_int64(statement_, place, value), sqlite3_db_handle(statement_)); }

void SqliteQuery::Bind(int place, std::string_view value) {
  // A view without an address is NULL to SQLite, and not the empty text.
  const char* text = value.data() != nullptr ? value.data() : "";
  Check(sqlite3_bind_text64(statement_, place, text, value.size(), SQLITE_STATIC, SQLITE_UTF8), sqlite3_db_handle(statement_));
}

bool SqliteQuery::Next() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) Check(code, sqlite3_db_handle(statement_));
  return false;
}

std::int64_t SqliteQuery::Integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string SqliteQuery::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return text != nullptr ? std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))) : std::string();
}
