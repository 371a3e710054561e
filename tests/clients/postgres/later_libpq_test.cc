// SPDX-License-Identifier: Apache-2.0
//
// libpq 18 under a program that was built with the headers of 14 to 16: what PQgetCancel gives is laid out in another way there, and there are
// functions that these headers lack. The ones here take their places.
#include <libpq-fe.h>
#include <sys/eventfd.h>

#include <cstdio>

#include "kit.h"

#if defined(LIBPQ_HAS_ASYNC_CANCEL)
int main() { std::puts("the headers know these functions"); }
#else

namespace {
int g_created = 0, g_finished = 0;
bool g_works = true;
}  // namespace

extern "C" {
struct pg_cancel_conn {
  PGcancel* cancel;
};
pg_cancel_conn* PQcancelCreate(PGconn* connection);
int PQcancelStart(pg_cancel_conn* cancel);
PostgresPollingStatusType PQcancelPoll(pg_cancel_conn* cancel);
int PQcancelSocket(const pg_cancel_conn* cancel);
char* PQcancelErrorMessage(const pg_cancel_conn* cancel);
void PQcancelFinish(pg_cancel_conn* cancel);

int PQlibVersion() { return 180000; }
pg_cancel_conn* PQcancelCreate(PGconn* connection) {
  ++g_created;
  return new pg_cancel_conn{PQgetCancel(connection)};
}
int PQcancelStart(pg_cancel_conn*) { return g_works ? 1 : 0; }
PostgresPollingStatusType PQcancelPoll(pg_cancel_conn* cancel) {
  char error[256];
  return PQcancel(cancel->cancel, error, sizeof error) == 1 ? PGRES_POLLING_OK : PGRES_POLLING_FAILED;
}
int PQcancelSocket(const pg_cancel_conn*) {
  static const int always_ready = eventfd(0, EFD_CLOEXEC);
  return always_ready;
}
char* PQcancelErrorMessage(const pg_cancel_conn*) {
  static char text[] = "no";
  return text;
}
void PQcancelFinish(pg_cancel_conn* cancel) {
  ++g_finished;
  PQfreeCancel(cancel->cancel);
  delete cancel;
}
}

namespace weft::postgres {
namespace {

class PostgresLaterLibpqTest : public PostgresTest {};

TEST_F(PostgresLaterLibpqTest, ItCancelsByItself) {
  OnLoops(1, [](const Context& ctx) {
    for (const bool works : {true, false}) {
      g_works = works;
      PoolOptions options = Options();
      options.cancel_grace = works ? Duration(30s) : Duration(50ms);
      Pool db(options);
      EXPECT_OK(db.Ping(ctx));
      EXPECT_TRUE(CanceledInTheServer(ctx, db).Is(kCanceled));
      EXPECT_EQ(db.Stats().closed, works ? 0u : 1u);
    }
    EXPECT_GE(g_created, 2);
    EXPECT_EQ(g_created, g_finished);
  });
}

}  // namespace
}  // namespace weft::postgres
#endif
