// SPDX-License-Identifier: Apache-2.0
#include "sqlite_notes.h"

#include <exception>
#include <limits>
#include <utility>

#include <weft/concurrency/free_list.h>
#include <weft/concurrency/mutex.h>
#include <weft/concurrency/offload.h>

#include "sqlite.h"

namespace {

// AUTOINCREMENT: an id is never given out again, so that an old ETag cannot fit another note.
constexpr const char* kSchema = R"(
  PRAGMA journal_mode = WAL;
  CREATE TABLE IF NOT EXISTS notes (
    id INTEGER PRIMARY KEY AUTOINCREMENT, version INTEGER NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL, changed TEXT NOT NULL);
)";

#define COLUMNS "id, version, title, text, changed"
#define NOW "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"

struct Reader {
  explicit Reader(const std::string& path) : connection(path) {}
  SqliteConnection connection;
  SqliteStatement get{connection, "SELECT " COLUMNS " FROM notes WHERE id = ?"};
  SqliteStatement list{connection, "SELECT " COLUMNS " FROM notes WHERE id < ? ORDER BY id DESC LIMIT ?"};
};

struct Writer {
  explicit Writer(const std::string& path) : connection(path) { connection.Execute(kSchema); }
  SqliteConnection connection;
};

struct Statements {
  explicit Statements(SqliteConnection& c)
      : create(c, "INSERT INTO notes (version, title, text, changed) VALUES (1, ?, ?, " NOW ") RETURNING " COLUMNS),
        update(c, "UPDATE notes SET version = version + 1, title = ?, text = ?, changed = " NOW " WHERE id = ? AND version = ? RETURNING " COLUMNS),
        erase(c, "DELETE FROM notes WHERE id = ? AND version = ? RETURNING " COLUMNS) {}
  SqliteStatement create, update, erase;
};

Note NoteOf(const SqliteQuery& row) { return {row.Integer(0), row.Integer(1), row.Text(2), row.Text(3), row.Text(4)}; }

// The one note of a query that has been run to its end, if there is one.
std::optional<Note> OneOf(SqliteQuery&& query) {
  if (!query.Next()) return std::nullopt;
  Note note = NoteOf(query);
  query.Next();
  return note;
}

class SqliteNotes final : public NoteStore {
 public:
  explicit SqliteNotes(const std::string& path) : writer_(path), statements_(writer_.connection), readers_([path] { return std::make_unique<Reader>(path); }) {}

  weft::Result<Note> Create(const weft::Context& ctx, const NoteDraft& draft) override {
    weft::Result<std::optional<Note>> note = Change(ctx, "saved", [&] { return OneOf(SqliteQuery(statements_.create, draft.title, draft.text)); });
    if (weft::Error err = note.Err()) return err;
    return **std::move(note);
  }

  weft::Result<NotePage> List(const weft::Context& ctx, int limit, std::optional<std::int64_t> after) override {
    return weft::Offload(ctx, [&] {
      const auto reader = readers_.Get();
      NotePage page;
      // One more than requested shows whether there is a next page.
      SqliteQuery query((*reader)->list, after.value_or(std::numeric_limits<std::int64_t>::max()), std::int64_t{limit} + 1);
      while (query.Next()) {
        if (page.notes.size() == static_cast<std::size_t>(limit)) {
          page.next = page.notes.back().id;
          break;
        }
        page.notes.push_back(NoteOf(query));
      }
      return page;
    });
  }

  weft::Result<std::optional<Note>> Get(const weft::Context& ctx, std::int64_t id) override {
    return weft::Offload(ctx, [&] {
      const auto reader = readers_.Get();
      return OneOf(SqliteQuery((*reader)->get, id));
    });
  }

  weft::Result<std::optional<Note>> Update(const weft::Context& ctx, std::int64_t id, std::int64_t version, const NoteDraft& draft) override {
    return Change(ctx, "saved", [&] { return OneOf(SqliteQuery(statements_.update, draft.title, draft.text, id, version)); });
  }

  weft::Result<bool> Delete(const weft::Context& ctx, std::int64_t id, std::int64_t version) override {
    const weft::Result<std::optional<Note>> gone = Change(ctx, "deleted", [&] { return OneOf(SqliteQuery(statements_.erase, id, version)); });
    if (weft::Error err = gone.Err()) return err;
    return gone->has_value();
  }

  weft::Error Check(const weft::Context& ctx) override { return Get(ctx, 0).Err(); }

 private:
  // Changes come one after the other; waiting for a turn parks the fiber, and takes no thread of the pool meanwhile.
  template <class F>
  weft::Result<std::optional<Note>> Change(const weft::Context& ctx, const char* kind, F change) {
    const weft::Result<std::unique_lock<weft::Mutex>> turn = turn_.Acquire(ctx);
    if (weft::Error err = turn.Err()) return err;
    weft::Result<std::optional<Note>> note = weft::Offload(ctx, change);
    if (note.Ok() && *note) Publish(kind, **note);
    return note;
  }

  weft::Mutex turn_;  // guards the two below
  Writer writer_;
  Statements statements_;
  weft::FreeList<std::unique_ptr<Reader>> readers_;  // as many as threads of the pool read at once
};

}  // namespace

weft::Result<std::unique_ptr<NoteStore>> OpenSqliteNotes(const std::string& path) {
  try {
    return std::unique_ptr<NoteStore>(std::make_unique<SqliteNotes>(path));
  } catch (const std::exception&) {
    return weft::Error::FromException(std::current_exception());
  }
}
