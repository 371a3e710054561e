// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "any_call.h"
#include "cut_kit.h"
#include "cutting_proxy.h"
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
    if (!MakeCertificate("key.pem", "certificate.pem") || !MakeCertificate("other_key.pem", "other.pem")) return;
    StartServer({.certificate_file = folder_ + "/certificate.pem", .key_file = folder_ + "/key.pem"});
  }
  static void TearDownTestSuite() {
    PostgresTest::TearDownTestSuite();
    fs::remove_all(folder_);
  }
  static PoolOptions TlsOptions(const std::string& mode, const std::string& root = "certificate.pem") {
    return {.conninfo = Server().TlsConnInfo() + " sslmode=" + mode + " sslrootcert=" + folder_ + "/" + root};
  }
  static int Port() {
    const std::string conninfo = Server().TlsConnInfo();
    return std::atoi(conninfo.c_str() + conninfo.find("port=") + 5);
  }
  // What is sent is cut within TLS's own messages, too, in the handshake and later. WEFT_CUT_STEP=1 cuts everywhere.
  static void Cut(const Context& ctx, bool server_side) {
    CuttingProxy proxy(CuttingProxy::TcpAddress(Port()));
    PoolOptions options = TlsOptions("verify-full");
    options.conninfo += " port=" + std::to_string(proxy.Port());
    CutEverywhere(proxy, options, Options(), kSanitized ? 151 : 61).Run(ctx, server_side, 0);
  }
  // Makes one file of certificates be the other.
  static void Copy(const char* from, const char* to) { fs::copy_file(folder_ + "/" + from, folder_ + "/" + to, fs::copy_options::overwrite_existing); }

 private:
  static bool MakeCertificate(const std::string& key, const std::string& certificate) {
    const std::string make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout " +
                             folder_ + "/" + key + " -out " + folder_ + "/" + certificate + " 2>/dev/null && chmod 644 " + folder_ + "/" + certificate;
    return std::system(make.c_str()) == 0;
  }
  static inline std::string folder_;
};

// The cancel goes over TLS, too, and the server is verified as for the connection itself.
TEST_F(PostgresTlsTest, ACallWhoseContextEndsStopsInTheServer) {
  OnLoops(1, [](const Context& ctx) {
    for (const char* mode : {"require", "verify-ca", "verify-full"}) {
      PoolOptions options = TlsOptions(mode);
      options.cancel_grace = 30s;
      Pool db(options);
      EXPECT_EQ(*db.QueryOne<bool>(ctx, "select ssl from pg_stat_ssl where pid = pg_backend_pid()"), true);
      EXPECT_TRUE(CanceledInTheServer(ctx, db).Is(kCanceled));
      EXPECT_EQ(Sessions(ctx, db, "active"), 0);
      EXPECT_EQ(db.Stats().opened, 1u) << mode << ": its connection is used again";
    }
  });
}

TEST_F(PostgresTlsTest, NoCancelGoesInPlainText) {
  OnLoops(1, [](const Context& ctx) {
    for (const char* mode : {"require", "verify-ca", "verify-full"}) {
      CuttingProxy proxy(CuttingProxy::TcpAddress(Port()));
      PoolOptions options = TlsOptions(mode);
      options.conninfo += " port=" + std::to_string(proxy.Port());
      options.cancel_grace = 30s;
      Pool db(options);
      EXPECT_OK(db.Ping(ctx));
      EXPECT_TRUE(CanceledInTheServer(ctx, db).Is(kCanceled));
      EXPECT_EQ(db.Stats().closed, 0u);
      const std::vector<std::string> words = proxy.FirstWords();
      EXPECT_GE(words.size(), 2u);
      EXPECT_TRUE(std::all_of(words.begin(), words.end(), CuttingProxy::IsTlsRequest)) << mode;
    }
  });
}

TEST_F(PostgresTlsTest, ACutAtAnyByteOfTheServersIsAnErrorAndNoMore) {
  OnLoops(1, [](const Context& ctx) { Cut(ctx, true); });
}

TEST_F(PostgresTlsTest, ACutAtAnyByteOfTheClientsIsAnErrorAndNoMore) {
  OnLoops(1, [](const Context& ctx) { Cut(ctx, false); });
}

TEST_F(PostgresTlsTest, AnyCallMayEndAtAnyMoment) {
  Pool db(ForCallsThatEnd(TlsOptions("verify-full")));
  OnLoops(2, [&](const Context& ctx) {
    CallsThatEndAtAnyMoment(ctx, db, Rounds(400));
    EXPECT_EQ(Sessions(ctx, db, "active"), 0);
    EXPECT_EQ(Sessions(ctx, db, "idle in transaction"), 0);
    EXPECT_EQ(db.Stats().closed, 0u) << "each connection is used again";
  });
}

// Somebody else stands there by then, who must not get the key; also with "require", for which libpq verifies if there is a file.
TEST_F(PostgresTlsTest, ACancelVerifiesTheServerAsTheConnectionDoes) {
  OnLoops(1, [](const Context& ctx) {
    for (const char* mode : {"require", "verify-ca", "verify-full"}) {
      Copy("certificate.pem", "root.pem");
      PoolOptions options = TlsOptions(mode, "root.pem");
      options.cancel_grace = 300ms;
      Pool db(options), direct(Options());
      EXPECT_OK(db.Ping(ctx));
      Copy("other.pem", "root.pem");
      EXPECT_TRUE(CanceledInTheServer(ctx, db).Is(kCanceled));
      EXPECT_EQ(db.Stats().closed, 1u) << mode << ": it is closed instead";
      while (Sessions(ctx, direct, "active") != 0) EXPECT_OK(Sleep(ctx, 1ms));  // client_connection_check_interval
    }
  });
}

}  // namespace
}  // namespace weft::postgres
