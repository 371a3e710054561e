// SPDX-License-Identifier: Apache-2.0
//
// The snippets of docs/postgres.md.
#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include <weft/clients/postgres/pool.h>
#include <weft/handlers/request.h>
#include <weft/handlers/response_writer.h>

namespace {

struct Note {
  std::int64_t id;
  std::string title;
};
BOOST_DESCRIBE_STRUCT(Note, (), (id, title))

weft::Error ListNotes(weft::ResponseWriter& w, weft::Request& r, weft::postgres::Pool& db) {
  const weft::Result<std::vector<Note>> notes =
      db.Query<Note>(r.Ctx(), "select id, title from notes where owner = $1 order by id limit 50", r.PathValue("owner"));
  if (weft::Error err = notes.Err()) return err;           // 500, 503 or 504; nothing of it goes to the client
  std::string text;
  for (const Note& note : *notes) text += std::to_string(note.id) + " " + note.title + "\n";
  return w.Write(text);
}

weft::Error Transfer(const weft::Context& ctx, weft::postgres::Pool& db, std::int64_t from, std::int64_t to, std::int64_t cents) {
  const auto move = [&](const weft::Context& c, weft::postgres::Transaction& tx) -> weft::Error {
    if (weft::Error err = tx.Execute(c, "update accounts set cents = cents - $2 where id = $1", from, cents).Err()) return err;
    return tx.Execute(c, "update accounts set cents = cents + $2 where id = $1", to, cents).Err();
  };
  return db.InTransaction(ctx, move, {.isolation = weft::postgres::Isolation::kSerializable, .attempts_max = 5});
}

}  // namespace

int main(int argc, char** argv) {
  weft::postgres::Pool db({.conninfo = argc > 1 ? argv[1] : ""});
  (void)&ListNotes;
  return Transfer(weft::Background(), db, 1, 2, 100) ? 1 : 0;
}
