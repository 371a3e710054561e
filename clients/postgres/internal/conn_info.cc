// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/internal/conn_info.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>

#include <weft/clients/postgres/internal/cancel_tls.h>
#include <weft/clients/postgres/internal/conn_options.h>
#include <weft/clients/postgres/internal/lookup.h>
#include <weft/net/client_failure.h>

namespace weft::postgres::internal {
namespace {

std::vector<std::string> SplitList(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back().push_back(c);
    }
  }
  return parts;
}

std::string JoinList(const std::vector<std::string>& parts) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) text += (i == 0 ? "" : ",") + parts[i];
  return text;
}

std::string* Find(ConnInfo& info, std::string_view keyword) {
  for (auto& [name, value] : info) {
    if (name == keyword) return &value;
  }
  return nullptr;
}

void Set(ConnInfo& info, const std::string& keyword, std::string value) {
  if (std::string* known = Find(info, keyword)) {
    *known = std::move(value);
  } else {
    info.emplace_back(keyword, std::move(value));
  }
}

// A path, or an abstract name: a unix socket.
bool IsPath(const std::string& host) { return host.empty() || host.front() == '/' || host.front() == '@'; }

std::vector<std::string> ListOf(const ConnInfo& info, std::string_view keyword) {
  for (const auto& [name, value] : info) {
    if (name == keyword) return SplitList(value);
  }
  return {};
}

}  // namespace

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::size_t HostsOf(const ConnInfo& info) { return std::max({ListOf(info, "host").size(), ListOf(info, "hostaddr").size(), std::size_t{1}}); }

std::optional<std::size_t> FindHost(const ConnInfo& info, PGconn* connection) {
  const std::vector<std::string> hosts = ListOf(info, "host"), addresses = ListOf(info, "hostaddr"), ports = ListOf(info, "port");
  const auto is = [](const std::vector<std::string>& list, std::size_t i, const char* value) {
    return i >= list.size() || list[i].empty() || (value != nullptr && list[i] == value);
  };
  for (std::size_t i = 0; i < std::max(hosts.size(), addresses.size()); ++i) {
    if (is(hosts, i, PQhost(connection)) && is(addresses, i, PQhostaddr(connection)) && is(ports, i, PQport(connection))) return i;
  }
  return std::nullopt;
}

ConnInfo WithoutHost(ConnInfo info, std::size_t index) {
  const std::size_t hosts = HostsOf(info);
  for (const char* keyword : {"host", "hostaddr", "port"}) {
    std::vector<std::string> list = ListOf(info, keyword);
    if (list.size() != hosts) continue;  // one port goes for all
    list.erase(list.begin() + static_cast<std::ptrdiff_t>(index));
    Set(info, keyword, JoinList(list));
  }
  return info;
}

Result<ConnInfo> ResolveHosts(const Context& ctx, const std::string& conninfo, const std::string& origin) {
  const ConnOptions given(PQconninfoParse(conninfo.c_str(), nullptr));
  if (given == nullptr) return Error(std::errc::not_enough_memory);
  ConnInfo info;
  for (const PQconninfoOption* option = given.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) info.emplace_back(option->keyword, option->val);
  }
  // Text comes in UTF-8, and Kerberos, which may block, is left out unless it is asked for.
  if (Find(info, "client_encoding") == nullptr) info.emplace_back("client_encoding", "UTF8");
  if (Find(info, "gssencmode") == nullptr) info.emplace_back("gssencmode", "disable");
  if (Find(info, "fallback_application_name") == nullptr) info.emplace_back("fallback_application_name", "weft");
  const auto value = [&](const char* keyword, const char* variable) {
    const std::string* text = Find(info, keyword);
    return text != nullptr ? *text : Variable(variable);
  };
  const bool of_service = !value("service", "PGSERVICE").empty();
  if (!SpeaksTls() && !of_service) Set(info, "sslmode", "disable");  // Validate has refused what asks for more
  // A service is a file of libpq's, which it reads in the pool of Offload; then it looks the names up there as well.
  if (of_service || !value("hostaddr", "PGHOSTADDR").empty()) return info;
  const std::vector<std::string> hosts = SplitList(value("host", "PGHOST"));
  if (std::all_of(hosts.begin(), hosts.end(), IsPath)) return info;
  std::vector<std::string> ports = SplitList(value("port", "PGPORT"));
  if (ports.size() == 1) ports.resize(hosts.size(), ports.front());
  if (ports.size() != hosts.size()) return info;  // libpq says what is wrong
  std::vector<std::string> names, addresses, at_ports;
  Error failure;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    std::vector<std::string> found = {""};
    if (!IsPath(hosts[i])) {
      Result<std::vector<std::string>> looked_up = LookUp(ctx, hosts[i]);
      if (Error err = ctx.Err()) return err;
      // One name of several that is not known is passed over.
      if (Error err = looked_up.Err()) {
        failure = err;
        continue;
      }
      found = *std::move(looked_up);
    }
    for (std::string& address : found) {
      names.push_back(hosts[i]);
      addresses.push_back(std::move(address));
      at_ports.push_back(ports[i]);
    }
  }
  if (names.empty()) return MakeClientFailure(Errc::kUnavailable, {ClientFailure::kResolve, false, origin, failure.Message()}, failure);
  Set(info, "host", JoinList(names));
  Set(info, "hostaddr", JoinList(addresses));
  Set(info, "port", JoinList(at_ports));
  return info;
}

}  // namespace weft::postgres::internal
