// SPDX-License-Identifier: Apache-2.0

// A PostgreSQL server with a table of 10,000 rows, for as long as its standard input is open. Prints its conninfo.

#include <unistd.h>

#include <cstdio>
#include <memory>

#include <weft/clients/postgres/pool.h>
#include <weft/clients/postgres/testing.h>

int main() {
  weft::Result<std::unique_ptr<weft::postgres::TestServer>> server = weft::postgres::TestServer::Start({.settings = {"shared_buffers=64MB"}});
  weft::Error err = server.Err();
  if (!err) {
    weft::postgres::Pool db({.conninfo = (*server)->ConnInfo()});
    err = db.Execute(weft::Background(), "create table items as select id, 'item ' || id as name from generate_series(0, 9999) id").Err();
    if (!err) err = db.Execute(weft::Background(), "alter table items add primary key (id)").Err();
    if (!err) err = db.Execute(weft::Background(), "analyze items").Err();
  }
  if (err) {
    std::fprintf(stderr, "postgres_server: %s\n", err.Message().c_str());
    return 1;
  }
  std::printf("%s\n", (*server)->ConnInfo().c_str());
  std::fflush(stdout);
  for (char unread[256]; read(STDIN_FILENO, unread, sizeof unread) > 0;) {
  }
  return 0;
}
