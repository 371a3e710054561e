// SPDX-License-Identifier: Apache-2.0
//
// The certificates of the example service: its own one, those of files while it runs (SIGHUP), and the ticket keys that processes share.
#include <csignal>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "../net/tls_certificates.h"
#include "clients_kit.h"
#include "service_kit.h"

namespace weft {
namespace {

TlsCertificate Named(const std::string& common_name) {
  return MakeCertificate({.common_name = common_name, .alternatives = {"DNS:localhost", "IP:127.0.0.1"}});
}

struct Files {
  Files() { folder.Write("own", shown); }

  std::vector<std::string> Flags(std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"--verbose", "--tls-cert", folder.Path("own.pem"), "--tls-key", folder.Path("own.key")});
    return more;
  }

  TempFolder folder;
  TlsCertificate shown = Named("first");
};

// A client that trusts this certificate alone.
Result<TestClient> Dial(const Service& service, const TlsCertificate& trusted) {
  return TestClient::DialTls(Background(), service.app, {.ca_pem = trusted.certificate_pem});
}

int StatusOf(Result<TestClient> client) {
  if (!client.Ok()) return 0;
  const Result<TestResponse> response = client->Get(Background(), "/api/notes");
  return response.Ok() ? response->status : 0;
}

TEST(ServiceTls, MakesACertificateOfItsOwn) {
  WEFT_NEEDS(curl, "curl");
  Service service({"--tls-self-signed"});
  const Outcome outcome = RunProgram(curl, {"-sSk", service.app + "/fanout?n=2"});
  EXPECT_EQ(outcome.out, "0: slept 20 ms\n1: slept 20 ms\n") << outcome.errors;
  EXPECT_EQ(service.End(), 0);
}

TEST(ServiceTls, AHangupSwapsTheCertificateUnderKeptConnections) {
  Files files;
  Service service(files.Flags());
  TestClient kept = *Dial(service, files.shown);
  EXPECT_EQ(kept.Get(Background(), "/api/notes")->status, 200);
  const TlsCertificate second = Named("second");
  files.folder.Write("own", second);
  EXPECT_EQ(StatusOf(Dial(service, files.shown)), 200) << "nobody has asked for it yet";

  service.process.Signal(SIGHUP);

  const std::string line = service.process.ErrorLineWith("reloaded ");
  EXPECT_NE(line.find(files.folder.Path("own.pem") + ": CN=second, which expires in 23 hours"), std::string::npos) << line;
  EXPECT_EQ(kept.Get(Background(), "/api/notes")->status, 200) << "as it was";
  EXPECT_EQ(StatusOf(Dial(service, second)), 200);
  EXPECT_FALSE(Dial(service, files.shown).Ok());
  EXPECT_EQ(service.End(), 0);
}

TEST(ServiceTls, AHangupWithBadFilesChangesNothing) {
  Files files;
  Service service(files.Flags());
  TestClient kept = *Dial(service, files.shown);
  const std::string foreign = files.folder.Write("foreign", Named("foreign")).key_file;
  for (const char* bad : {"half writ", "", "the key of another one"}) {
    std::filesystem::remove(files.folder.Path("own.key"));
    if (std::string_view(bad).starts_with("the key")) {
      std::filesystem::copy_file(foreign, files.folder.Path("own.key"));
    } else if (*bad != 0) {
      files.folder.Write("own.key", bad);
    }

    service.process.Signal(SIGHUP);

    const std::string line = service.process.ErrorLineWith("the certificates stay as they were");
    EXPECT_NE(line.find("key file " + files.folder.Path("own.key") + ": "), std::string::npos) << line;
    EXPECT_EQ(kept.Get(Background(), "/api/notes")->status, 200);
    EXPECT_EQ(StatusOf(Dial(service, files.shown)), 200);
  }
  const TlsCertificate mended = Named("mended");
  files.folder.Write("own", mended);
  service.process.Signal(SIGHUP);
  EXPECT_NE(service.process.ErrorLineWith("reloaded ").find("CN=mended"), std::string::npos);
  EXPECT_EQ(StatusOf(Dial(service, mended)), 200);
  EXPECT_EQ(service.End(), 0);
}

TEST(ServiceTls, AHangupEndsAServiceInPlainTextAsItEndsAnyProgram) {
  Service service;
  service.process.Signal(SIGHUP);
  EXPECT_EQ(service.process.Wait(), -SIGHUP);
}

// openssl, with a ticket in a file.
class TicketHolder {
 public:
  TicketHolder(std::string openssl, const char* version, const TempFolder& folder)
      : openssl_(std::move(openssl)), version_(version), ticket_(folder.Path("ticket" + std::string(version))) {}

  void Fetch(const Service& service) const { EXPECT_EQ(Connect(service, "-sess_out"), "New, " + Words()); }
  // What is in the file is taken to the service, and stays there.
  bool Resumes(const Service& service) const {
    const std::string kind = Connect(service, "-sess_in");
    EXPECT_TRUE(kind == "New, " + Words() || kind == "Reused, " + Words()) << kind;
    return kind.starts_with("Reused, ");
  }

 private:
  std::string Words() const { return version_ == "-tls1_2" ? "TLSv1.2" : "TLSv1.3"; }
  std::string Connect(const Service& service, const char* ticket) const {
    const std::string at = service.app.substr(service.app.rfind('/') + 1);
    const std::string client = openssl_ + " s_client -ign_eof -connect " + at + " " + version_ + " " + ticket + " " + ticket_;
    const Outcome outcome = RunProgram("/bin/sh", {"-c", "printf 'GET /api/notes HTTP/1.0\\r\\n\\r\\n' | " + client});
    EXPECT_NE(outcome.out.find("HTTP/1.1 200 OK\r\n"), std::string::npos) << outcome.out << outcome.errors;
    const std::size_t from = std::min(outcome.out.find("\nNew, "), outcome.out.find("\nReused, "));
    if (from == std::string::npos) return outcome.out;
    return outcome.out.substr(from + 1, outcome.out.find(", Cipher", from) - from - 1);
  }

  std::string openssl_;
  std::string version_;
  std::string ticket_;
};

TEST(ServiceTls, TicketsAreGoodInEachProcessThatHasTheKeys) {
  WEFT_NEEDS(openssl, "openssl");
  Files files;
  const std::string keys = files.folder.Write("keys", std::string(80, 'a'));
  const std::string others = files.folder.Write("others", std::string(80, 'b'));
  Service first(files.Flags({"--tls-ticket-keys", keys}));
  Service second(files.Flags({"--tls-ticket-keys", keys}));
  Service foreign(files.Flags({"--tls-ticket-keys", others}));
  Service alone(files.Flags());
  for (const char* version : {"-tls1_2", "-tls1_3"}) {
    const TicketHolder client(openssl, version, files.folder);
    client.Fetch(first);
    EXPECT_TRUE(client.Resumes(first)) << version;
    EXPECT_TRUE(client.Resumes(second)) << version;
    EXPECT_FALSE(client.Resumes(foreign)) << version;
    EXPECT_FALSE(client.Resumes(alone)) << version;
  }
  EXPECT_EQ(first.End(), 0);
  Service next(files.Flags({"--tls-ticket-keys", keys}));
  EXPECT_TRUE(TicketHolder(openssl, "-tls1_3", files.folder).Resumes(next)) << "after a restart";
  for (Service* service : {&second, &foreign, &alone, &next}) EXPECT_EQ(service->End(), 0);
}

// In front goes a new key, then the last one is dropped; each time with a SIGHUP.
TEST(ServiceTls, TicketKeysAreRotatedByAHangup) {
  WEFT_NEEDS(openssl, "openssl");
  Files files;
  const std::string old_key(80, 'a'), new_key(80, 'b');
  const auto write = [&files](const std::string& keys) { return files.folder.Write("keys", keys); };
  Service service(files.Flags({"--tls-ticket-keys", write(old_key)}));
  const auto reload = [&service, &write](const std::string& keys) {
    write(keys);
    service.process.Signal(SIGHUP);
    EXPECT_NE(service.process.ErrorLineWith("reloaded "), "");
  };
  const TicketHolder client(openssl, "-tls1_3", files.folder);
  client.Fetch(service);

  reload(new_key + old_key);
  EXPECT_TRUE(client.Resumes(service)) << "under the old key, which still opens";
  reload(new_key);
  EXPECT_FALSE(client.Resumes(service)) << "the old key is gone";
  client.Fetch(service);
  EXPECT_TRUE(client.Resumes(service)) << "under the new key";
  EXPECT_EQ(service.End(), 0);
}

}  // namespace
}  // namespace weft
