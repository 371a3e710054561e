// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/internal/shared.h>

#include <random>
#include <string_view>
#include <utility>

#include <weft/clients/postgres/internal/conn_info.h>
#include <weft/clients/postgres/internal/conn_options.h>

namespace weft::postgres::internal {
namespace {

constexpr Duration kFirstPause = std::chrono::milliseconds(50), kLongestPause = std::chrono::seconds(1);

std::string ValueOf(const PQconninfoOption* options, std::string_view keyword) {
  for (; options != nullptr && options->keyword != nullptr; ++options) {
    if (options->keyword == keyword && options->val != nullptr) return options->val;
  }
  return {};
}

std::string Origin(const PQconninfoOption* given) {
  const auto value = [&](std::string_view keyword, const char* variable) {
    std::string text = ValueOf(given, keyword);
    return text.empty() ? Variable(variable) : text;
  };
  std::string host = value("host", "PGHOST");
  if (host.empty()) host = value("hostaddr", "PGHOSTADDR");
  const std::string port = value("port", "PGPORT");
  return "postgres://" + (host.empty() ? "local" : host) + ":" + (port.empty() ? "5432" : port) + "/" + value("dbname", "PGDATABASE");
}

}  // namespace

Shared::Shared(PoolOptions o) : options(std::move(o)), invalid(Validate(options)), cancels(std::max<std::int64_t>(1, options.connections_max / 2)) {
  const ConnOptions given(PQconninfoParse(options.conninfo.c_str(), nullptr));
  origin = Origin(given.get());
}

Result<Permit> ConnectGate::Enter(const Context& ctx) {
  Result<Permit> permit = at_once_.Hold(ctx);
  if (permit.Err()) return permit;
  const std::lock_guard hold(lock_);
  if (last_ && Now() < not_before_) return last_;
  return permit;
}

void ConnectGate::Succeeded() {
  const std::lock_guard hold(lock_);
  pause_ = {};
  last_ = {};
}

void ConnectGate::Failed(const Error& error) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  const std::lock_guard hold(lock_);
  if (last_ && Now() < not_before_) return;  // one that was under way together with the one before
  pause_ = std::clamp(pause_ * 2, kFirstPause, kLongestPause);
  not_before_ = Now() + pause_ / 2 + Duration(std::uniform_int_distribution<std::int64_t>(0, pause_.count() / 2)(random));
  last_ = error;
}

}  // namespace weft::postgres::internal
