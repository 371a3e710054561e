// SPDX-License-Identifier: Apache-2.0
#include "postgres_notes.h"

#include <charconv>
#include <chrono>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include <weft/clients/postgres/listener.h>
#include <weft/clients/postgres/pool.h>
#include <weft/concurrency/time.h>
#include <weft/handlers/log.h>

#include "postgres_schema.h"

namespace {

#define COLUMNS R"(id, version, title, text, to_char(changed at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as changed)"

class PostgresNotes final : public NoteStore {
 public:
  explicit PostgresNotes(const std::string& url) : db_({.conninfo = url, .statement_timeout = std::chrono::seconds(30)}) {}

  weft::postgres::Pool& Database() { return db_; }

  weft::Result<Note> Create(const weft::Context& ctx, const NoteDraft& draft) override {
    weft::Result<std::optional<Note>> note = Change(ctx, "insert into notes (title, text) values ($1, $2) returning " COLUMNS, draft.title, draft.text);
    if (weft::Error err = note.Err()) return err;
    return **std::move(note);
  }

  weft::Result<NotePage> List(const weft::Context& ctx, int limit, std::optional<std::int64_t> after) override {
    NotePage page;
    // One more than requested shows whether there is a next page.
    weft::Result<std::vector<Note>> notes = db_.Query<Note>(ctx, "select " COLUMNS " from notes where id < $1 order by id desc limit $2",
                                                            after.value_or(std::numeric_limits<std::int64_t>::max()), limit + 1);
    if (weft::Error err = notes.Err()) return err;
    page.notes = *std::move(notes);
    if (page.notes.size() <= static_cast<std::size_t>(limit)) return page;
    page.notes.pop_back();
    page.next = page.notes.back().id;
    return page;
  }

  weft::Result<std::optional<Note>> Get(const weft::Context& ctx, std::int64_t id) override {
    return db_.QueryOne<Note>(ctx, "select " COLUMNS " from notes where id = $1", id);
  }

  weft::Result<std::optional<Note>> Update(const weft::Context& ctx, std::int64_t id, std::int64_t version, const NoteDraft& draft) override {
    return Change(ctx, "update notes set version = version + 1, title = $3, text = $4, changed = now() where id = $1 and version = $2 returning " COLUMNS, id,
                  version, draft.title, draft.text);
  }

  weft::Result<bool> Delete(const weft::Context& ctx, std::int64_t id, std::int64_t version) override {
    const weft::Result<std::optional<Note>> gone = Change(ctx, "delete from notes where id = $1 and version = $2 returning " COLUMNS, id, version);
    if (weft::Error err = gone.Err()) return err;
    return gone->has_value();
  }

  weft::Error Check(const weft::Context& ctx) override { return db_.Ping(ctx); }

  weft::Error Watch(const weft::Context& ctx) override {
    weft::postgres::Listener listener(db_);
    if (weft::Error err = listener.Add(ctx, "notes")) return err;
    while (true) {
      const weft::Error err = listener.Run(ctx, [&](const weft::postgres::Notification& notification) { Tell(ctx, notification); });
      if (weft::Error done = ctx.Err()) return done;
      weft::LogLine(weft::LogLevel::kError, "listen for changes: " + err.Message());  // such as a password that is not right any more
      if (weft::Error done = weft::Sleep(ctx, std::chrono::seconds(5))) return done;
    }
  }

 private:
  // In a transaction, because its COMMIT is not canceled: a caller whose context ends knows whether it has happened.
  template <class... A>
  weft::Result<std::optional<Note>> Change(const weft::Context& ctx, std::string_view sql, const A&... parameters) {
    return db_.InTransaction(ctx, [&](const weft::Context& c, weft::postgres::Transaction& tx) { return tx.QueryOne<Note>(c, sql, parameters...); });
  }

  // "saved 7 3" and "deleted 7 3": a notification has no room for a note. By now it may be in a newer version, or gone, which its own notification says.
  void Tell(const weft::Context& ctx, const weft::postgres::Notification& notification) {
    if (notification.gap) return PublishGap();
    const std::string_view payload = notification.payload;
    const std::size_t id_at = payload.find(' ') + 1, version_at = payload.find(' ', id_at) + 1;
    const std::int64_t id = NumberAt(payload, id_at), version = NumberAt(payload, version_at);
    if (payload.starts_with("deleted ")) return Publish("deleted", {id, version, {}, {}, {}});
    const weft::Result<std::optional<Note>> note = Get(ctx, id);
    if (weft::Error err = note.Err()) {
      if (ctx.Err()) return;
      weft::LogLine(weft::LogLevel::kWarning, "a changed note: " + err.Message());
      return PublishGap();
    }
    if (*note) Publish("saved", **note);
  }

  static std::int64_t NumberAt(std::string_view text, std::size_t at) {
    std::int64_t number = 0;
    std::from_chars(text.data() + at, text.data() + text.size(), number);
    return number;
  }

  weft::postgres::Pool db_;
};

}  // namespace

weft::Result<std::unique_ptr<NoteStore>> OpenPostgresNotes(const weft::Context& ctx, const std::string& url, weft::Metrics& metrics) {
  auto notes = std::make_unique<PostgresNotes>(url);
  weft::postgres::Pool& db = notes->Database();
  if (weft::Error err = MigrateNotes(ctx, db)) return err.Wrap("bring the tables of notes up to date");
  metrics.Add("notes", [&db] { return db.Stats(); });
  return std::unique_ptr<NoteStore>(std::move(notes));
}
