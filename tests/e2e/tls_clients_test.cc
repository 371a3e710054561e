// SPDX-License-Identifier: Apache-2.0
//
// Other people's clients over TLS: what they verify, how they come back, and what they make of the end.
#include <string>

#include "../net/tls_certificates.h"
#include "clients_kit.h"
#include "process.h"

namespace weft {
namespace {

const std::string kScripts = WEFT_CLIENTS_DIR;

struct TlsSite {
  explicit TlsSite(TlsServerOptions given = {}) : server(Background(), Routes(), Options(std::move(given))) {}

  ServerOptions Options(TlsServerOptions given) {
    const TlsCertificate own = MakeCertificate({.alternatives = {"DNS:localhost", "IP:127.0.0.1"}});
    ca = folder.Write("ca.pem", own.certificate_pem);
    given.certificates = {own};
    ServerOptions options = Tcp(2);
    options.tls = *Tls::Load(std::move(given));
    return options;
  }
  static Mux Routes() {
    Mux mux;
    mux.Handle("GET /hello", [](ResponseWriter& w, Request& r) {
      const TlsInfo& tls = *r.Tls();
      return w.Write(tls.peer_certificate ? tls.peer_certificate->subject : tls.resumed ? "hello again" : "hello");
    });
    // Without a length, and to a client of HTTP/1.0: its end is that of the connection.
    mux.Handle("GET /until-close", [](ResponseWriter& w, Request&) -> Error {
      for (int i = 0; i < 20; ++i) {
        if (Error err = w.Write(std::string(10'000, 'x'))) return err;
        if (Error err = w.Flush()) return err;
      }
      return {};
    });
    mux.Handle("GET /broken", [](ResponseWriter& w, Request&) -> Error {
      w.Header().Set("Content-Length", "100000");
      if (Error err = w.Write(std::string(10'000, 'x'))) return err;
      if (Error err = w.Flush()) return err;
      return Error::New("broken");
    });
    mux.Handle("POST /echo", [](ResponseWriter& w, Request& r) -> Error {
      r.Body().SetLimit(64 << 20);
      const Result<std::string> body = r.Body().ReadAll();
      if (Error err = body.Err()) return err;
      return w.Write(*body);
    });
    return mux;
  }
  std::string Url(std::string_view path) const { return server.Bound() + std::string(path); }
  std::string Port() const { return server.Bound().substr(server.Bound().rfind(':') + 1); }

  TempFolder folder;
  std::string ca;
  TestServer server;
};

TEST(TlsClients, CurlVerifiesTheNameAndReadsToTheEnd) {
  WEFT_NEEDS(curl, "curl");
  const TlsSite site;
  const auto fetch = [&](std::vector<std::string> more) {
    std::vector<std::string> all = {"-sS", "--cacert", site.ca};
    all.insert(all.end(), more.begin(), more.end());
    return RunProgram(curl, all);
  };

  EXPECT_EQ(fetch({site.Url("/hello")}).out, "hello");
  EXPECT_EQ(fetch({"--tlsv1.2", "--tls-max", "1.2", site.Url("/hello")}).out, "hello");
  const Outcome whole = fetch({"--http1.0", site.Url("/until-close")});
  EXPECT_EQ(whole.code, 0) << whole.errors;
  EXPECT_EQ(whole.out.size(), 200'000u);
  EXPECT_NE(fetch({site.Url("/broken")}).code, 0);
  EXPECT_EQ(RunProgram(curl, {"-sS", site.Url("/hello")}).code, 60) << "it must not trust what it does not know";
}

TEST(TlsClients, CurlShowsACertificate) {
  WEFT_NEEDS(curl, "curl");
  const TlsCertificate ca = MakeCertificate({.common_name = "test CA", .ca = true});
  const TlsSite site({.client_ca_pem = ca.certificate_pem, .client_auth = ClientAuth::kRequire});
  const TlsCertificate billing = site.folder.Write("billing", MakeCertificate({.common_name = "billing", .issuer = &ca}));

  const Outcome with = RunProgram(curl, {"-sS", "--cacert", site.ca, "--cert", billing.certificate_file, "--key",
                                         billing.key_file, site.Url("/hello")});
  const Outcome without = RunProgram(curl, {"-sS", "--cacert", site.ca, site.Url("/hello")});

  EXPECT_EQ(with.out, "CN=billing") << with.errors;
  EXPECT_NE(without.code, 0);
}

// The flags of the examples, with files as an administrator has them.
TEST(TlsClients, HelloTakesItsCertificateFromFiles) {
  WEFT_NEEDS(curl, "curl");
  const TempFolder folder;
  const TlsCertificate ca = MakeCertificate({.common_name = "test CA", .ca = true});
  const std::string trusted = folder.Write("ca.pem", ca.certificate_pem);
  const TlsCertificate own = folder.Write("own", MakeCertificate({.alternatives = {"DNS:localhost", "IP:127.0.0.1"}, .issuer = &ca}));
  const TlsCertificate billing = folder.Write("billing", MakeCertificate({.common_name = "billing", .issuer = &ca}));
  const auto hello = [&](std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"--address", "127.0.0.1:0", "--loops", "1"});
    return Process(std::string(WEFT_EXAMPLES_DIR) + "/hello", flags);
  };
  const auto url = [](Process& process) { return process.Line().substr(std::string_view("listening on ").size()); };

  Process open = hello({"--tls-cert", own.certificate_file, "--tls-key", own.key_file});
  const std::string at = url(open);
  EXPECT_TRUE(at.starts_with("https://127.0.0.1:")) << at;
  EXPECT_EQ(RunProgram(curl, {"-sS", "--cacert", trusted, at}).out, "Hello, World!");
  open.Signal(SIGTERM);
  EXPECT_EQ(open.Wait(), 0);

  Process closed = hello({"--tls-cert", own.certificate_file, "--tls-key", own.key_file, "--tls-client-ca", trusted});
  const std::string there = url(closed);
  EXPECT_EQ(RunProgram(curl, {"-sS", "--cacert", trusted, "--cert", billing.certificate_file, "--key", billing.key_file, there}).out, "Hello, World!");
  EXPECT_NE(RunProgram(curl, {"-sS", "--cacert", trusted, there}).code, 0) << "without a certificate";

  Process unlike = hello({"--tls-cert", own.certificate_file, "--tls-key", billing.key_file});
  EXPECT_EQ(unlike.Wait(), 2);
  EXPECT_NE(unlike.Errors().find(billing.key_file), std::string::npos) << unlike.Errors();
  Process missing = hello({"--tls-cert", own.certificate_file});
  EXPECT_EQ(missing.Wait(), 2);
  EXPECT_NE(missing.Errors().find("--tls-cert and --tls-key belong together"), std::string::npos);
}

TEST(TlsClients, OpensslComesBackWithATicket) {
  WEFT_NEEDS(openssl, "openssl");
  const TlsSite site;
  for (const char* version : {"-tls1_2", "-tls1_3"}) {
    const std::string ticket = site.folder.Path("ticket");
    const std::string connect = "printf 'GET /hello HTTP/1.0\\r\\n\\r\\n' | " + openssl + " s_client -quiet -no_ign_eof -connect 127.0.0.1:" +
                                site.Port() + " -CAfile " + site.ca + " " + version + " -ign_eof ";

    const Outcome first = RunProgram("/bin/sh", {"-c", connect + "-sess_out " + ticket});
    const Outcome second = RunProgram("/bin/sh", {"-c", connect + "-sess_in " + ticket});

    EXPECT_TRUE(first.out.ends_with("\r\n\r\nhello")) << version << first.out << first.errors;
    EXPECT_TRUE(second.out.ends_with("\r\n\r\nhello again")) << version << second.out << second.errors;
  }
}

TEST(TlsClients, PythonAndNodeVerifyAndReadToTheEnd) {
  WEFT_NEEDS(python, "python3");
  WEFT_NEEDS(node, "node");
  const TlsSite site;

  const Outcome from_python = RunProgram(python, {kScripts + "/tls_client.py", site.Url(""), site.ca});
  const Outcome from_node = RunProgram(node, {kScripts + "/tls_client.js", site.Url(""), site.ca});

  EXPECT_EQ(from_python.out, "ok\n") << from_python.errors;
  EXPECT_EQ(from_node.out, "ok\n") << from_node.errors;
}

TEST(TlsClients, GoVerifiesComesBackAndReadsToTheEnd) {
  WEFT_NEEDS(go, "go");
  const TlsSite site;
  const Outcome outcome = RunProgram(go, {"run", kScripts + "/tls_client.go", site.Url(""), site.ca});
  EXPECT_EQ(outcome.out, "ok\n") << outcome.errors;
}

TEST(TlsClients, JavaVerifiesAndReadsToTheEnd) {
  WEFT_NEEDS(javac, "javac");  // which a Java without its development kit lacks; the launcher needs it for a source
  WEFT_NEEDS(java, "java");
  const TlsSite site;
  const Outcome outcome = RunProgram(java, {kScripts + "/TlsClient.java", site.Url(""), site.ca});
  EXPECT_EQ(outcome.out, "ok\n") << outcome.errors;
}

}  // namespace
}  // namespace weft
