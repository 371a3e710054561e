// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/options.h>

#include <string>
#include <string_view>

#include <weft/clients/postgres/internal/cancel_tls.h>
#include <weft/clients/postgres/internal/conn_info.h>
#include <weft/clients/postgres/internal/conn_options.h>

namespace weft::postgres {
namespace {

// A password that is not percent-encoded is a host or a database to libpq ("postgres://u:a/b@host"), and messages name those.
bool HasAtAfterUser(std::string_view conninfo) {
  if (!conninfo.starts_with("postgres://") && !conninfo.starts_with("postgresql://")) return false;
  std::string_view rest = conninfo.substr(conninfo.find("://") + 3);
  const std::size_t end_of_user = rest.find_first_of("@/");
  if (end_of_user != rest.npos && rest[end_of_user] == '@') rest.remove_prefix(end_of_user + 1);
  return rest.substr(0, rest.find('?')).find('@') != rest.npos;
}

// libpq repeats what it does not understand, which may be a part of a password.
std::string WithoutQuoted(const std::string& message) {
  std::string text;
  bool quoted = false;
  for (const char c : message) {
    if (c == '"') quoted = !quoted;
    if (c == '"' || !quoted) text += c;
    if (c == '"' && quoted) text += "...";
  }
  return text;
}

const char* ValueOf(const PQconninfoOption* options, std::string_view keyword) {
  for (; options->keyword != nullptr; ++options) {
    if (options->keyword == keyword) return options->val;
  }
  return nullptr;
}

}  // namespace

namespace internal {
// Without TLS of our own: libpq's would read ahead unseen, and the key for cancels would go in plain text.
Error CheckSslMode(std::string_view mode, bool speaks_tls) {
  if (speaks_tls || (mode != "require" && !mode.starts_with("verify-"))) return {};
  return Error::New("PoolOptions::conninfo: sslmode=" + std::string(mode) + ": weft was built without TLS (WEFT_TLS=OFF)");
}
}  // namespace internal

Error Validate(const PoolOptions& options) {
  if (HasAtAfterUser(options.conninfo)) {
    return Error::New("PoolOptions::conninfo: there is an @ after the host: percent-encode special characters in the user and the password of a URL");
  }
  char* message = nullptr;
  const internal::ConnOptions parsed(PQconninfoParse(options.conninfo.c_str(), &message));
  if (parsed == nullptr) {
    std::string text = message != nullptr ? message : "out of memory";
    PQfreemem(message);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    const bool secret = options.conninfo.find('@') != std::string::npos || options.conninfo.find("password") != std::string::npos;
    return Error::New("PoolOptions::conninfo: " + (secret ? WithoutQuoted(text) : text));
  }
  if (ValueOf(parsed.get(), "connect_timeout") != nullptr) {
    return Error::New("PoolOptions::conninfo: connect_timeout: libpq applies it only to calls that block; use PoolOptions::connect_timeout");
  }
  const char* mode = ValueOf(parsed.get(), "sslmode");
  if (Error err = internal::CheckSslMode(mode != nullptr ? mode : internal::Variable("PGSSLMODE"), internal::SpeaksTls())) return err;
  if (options.connections_max == 0) return Error::New("PoolOptions::connections_max: must be at least 1");
  if (options.statements_max == 0) return Error::New("PoolOptions::statements_max: must be at least 1; prepare = false prepares none");
  return {};
}

}  // namespace weft::postgres
