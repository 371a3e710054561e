// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_EXAMPLES_SERVICE_SQLITE_H_
#define WEFT_EXAMPLES_SERVICE_SQLITE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

// As much of SQLite as the service needs. Everything in here may wait for the disk, so it belongs into Offload, which makes an
// Error of what it throws (std::runtime_error, with SQLite's words). One thread uses a connection at a time.
class SqliteConnection {
 public:
  // Makes the file if there is none.
  explicit SqliteConnection(const std::string& path);
  // One statement or several, without results.
  void Execute(const char* sql);

 private:
  friend class SqliteStatement;
  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::unique_ptr<sqlite3, Close> database_;
};

// A statement that is prepared once and run often. Its connection outlives it.
class SqliteStatement {
 public:
  SqliteStatement(SqliteConnection& connection, const char* sql);

 private:
  friend class SqliteQuery;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// One run of a statement, with these values for its question marks. What they view outlives it. While it lives, it holds the
// database's state of that moment; a change is made for good when Next has returned false.
//
//   SqliteQuery query(connection.get_note, id);
//   if (query.Next()) use(query.Text(0));
class SqliteQuery {
 public:
  template <class... Values>
  explicit SqliteQuery(SqliteStatement& statement, const Values&... values) : statement_(statement.statement_.get()) {
    int place = 0;
    (Bind(++place, values), ...);
  }
  ~SqliteQuery();
  SqliteQuery(const SqliteQuery&) = delete;
  SqliteQuery& operator=(const SqliteQuery&) = delete;

  // Goes to the next row; false after the last one.
  bool Next();
  // Of this row, by the number of the column from 0 on.
  std::int64_t Integer(int column) const;
  std::string Text(int column) const;

 private:
  void Bind(int place, std::int64_t value);
  void Bind(int place, std::string_view value);

  sqlite3_stmt* statement_;
};

#endif  // WEFT_EXAMPLES_SERVICE_SQLITE_H_
