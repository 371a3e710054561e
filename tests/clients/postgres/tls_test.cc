// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <filesystem>
#include <string>

#include "kit.h"

namespace weft::postgres {
namespace {

namespace fs = std::filesystem;

class PostgresTlsTest : public PostgresTest {
 protected:
  static void SetUpTestSuite() {
    std::string name = (fs::temp_directory_path() / "weft-certificate-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    fs::permissions(folder_, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
    const std::string make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout " +
                             folder_ + "/key.pem -out " + folder_ + "/certificate.pem 2>/dev/null && chmod 644 " + folder_ + "/certificate.pem";
    if (std::system(make.c_str()) != 0) return;
    StartServer({.certificate_file = folder_ + "/certificate.pem", .key_file = folder_ + "/key.pem"});
  }
  static void TearDownTestSuite() {
    PostgresTest::TearDownTestSuite();
    fs::remove_all(folder_);
  }
  static PoolOptions TlsOptions(const std::string& mode) {
    return {.conninfo = Server().TlsConnInfo() + " sslmode=" + mode + " sslrootcert=" + folder_ + "/certificate.pem"};
  }

 private:
  static inline std::string folder_;
};

// The cancel goes over TLS, too, and the server is verified as for the connection itself.
TEST_F(PostgresTlsTest, ACallWhoseContextEndsStopsInTheServer) {
  OnLoops(1, [](const Context& ctx) {
    for (const char* mode : {"require", "verify-ca", "verify-full"}) {
      Pool db(TlsOptions(mode));
      EXPECT_EQ(*db.QueryOne<bool>(ctx, "select ssl from pg_stat_ssl where pid = pg_backend_pid()"), true);
      const CancelScope soon = WithTimeout(ctx, 50ms);
      EXPECT_TRUE(db.Execute(soon.ctx, "select pg_sleep(60)").Err().Is(kDeadlineExceeded));
      EXPECT_EQ(Sessions(ctx, db, "active"), 0);
      EXPECT_EQ(db.Stats().opened, 1u) << mode << ": its connection is used again";
    }
  });
}

}  // namespace
}  // namespace weft::postgres
