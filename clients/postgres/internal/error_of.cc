// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/internal/error_of.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include <weft/clients/postgres/failure.h>
#include <weft/net/client_failure.h>

namespace weft::postgres::internal {
namespace {

std::string Field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text != nullptr ? text : "";
}

std::string OneLine(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  for (char& c : text) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  return text;
}

bool Says(const std::string& message, int code) { return message.find(std::strerror(code)) != std::string::npos; }

// The system's code, of which libpq leaves only the text; 0: none.
int SystemCodeIn(const std::string& message) {
  for (const int code : {ECONNREFUSED, ECONNRESET, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT, EPIPE, ENOENT, EACCES, EMFILE, ENFILE, EADDRNOTAVAIL}) {
    if (Says(message, code)) return code;
  }
  return 0;
}

// With a Failure attached, and a verdict for a handler's response.
Error WithFailure(Errc verdict, const std::string& message, Failure failure) {
  return weft::internal::MakeTypedError(message, std::make_shared<const Failure>(std::move(failure)), &weft::internal::kTypeTag<Failure>,
                                        verdict);
}

// All of it: what happened to the call, what the server has said, and the system's code.
Error Lost(ClientFailure failure, Failure said) {
  failure.detail = OneLine(std::move(failure.detail));
  struct Payload {
    ClientFailure failure;
    std::vector<Error> also;
  };
  const std::string message = failure.origin + ": " + std::string(Describe(failure.kind)) + (failure.detail.empty() ? "" : ": ") + failure.detail;
  const Errc verdict = failure.kind == ClientFailure::kStatus || failure.kind == ClientFailure::kTls ? Errc::kUpstreamFailed : Errc::kUnavailable;
  const std::string detail = failure.detail;
  std::vector<Error> also;
  // The server's own words are about its own troubles.
  if (const int code = said.sqlstate.empty() ? SystemCodeIn(detail) : 0) also.emplace_back(std::error_code(code, std::generic_category()));
  also.push_back(WithFailure(Errc{}, detail, std::move(said)));
  const auto payload = std::make_shared<const Payload>(Payload{std::move(failure), std::move(also)});
  return weft::internal::MakeTypedError(message, std::shared_ptr<const void>(payload, &payload->failure),
                                        &weft::internal::kTypeTag<ClientFailure>, verdict, &payload->also);
}

bool IsStateOf(std::string_view text) {
  if (text.size() != 5) return false;
  for (const char c : text) {
    if ((c < '0' || c > '9') && (c < 'A' || c > 'Z')) return false;
  }
  return true;
}

// Of "FATAL:  28P01: password authentication failed ..."; the severity may be in any language.
std::string StateIn(const std::string& message) {
  for (std::size_t at = message.find(":  "); at != std::string::npos; at = message.find(":  ", at + 1)) {
    const std::string state = message.substr(at + 3, 5);
    if (IsStateOf(state) && message.compare(at + 8, 1, ":") == 0) return state;
  }
  return {};
}

ClientFailure::Kind KindOf(const std::string& message, const std::string& state) {
  // 53: no resources, such as connections; 57: starting up, shutting down.
  if (state.compare(0, 2, "53") == 0 || state.compare(0, 2, "57") == 0) return ClientFailure::kRefused;
  if (!state.empty()) return ClientFailure::kStatus;
  const auto has = [&](const char* text) { return message.find(text) != std::string::npos; };
  const bool tls = has("SSL") || has("certificate");
  // A file of certificates that is not there is no server that is not there.
  if (Says(message, ECONNREFUSED) || (Says(message, ENOENT) && !tls)) return ClientFailure::kRefused;
  // Also in the middle of a handshake, as when a server restarts.
  if (Says(message, ECONNRESET) || has("closed the connection") || has("EOF detected") || has("unexpected eof")) return ClientFailure::kReset;
  if (tls) return ClientFailure::kTls;
  if (message.find("translate host name") != std::string::npos) return ClientFailure::kResolve;
  return ClientFailure::kUnreachable;
}

}  // namespace

Error OfResult(const PGresult* result, const std::string& origin, const Failure* farewell) {
  Failure failure{Field(result, PG_DIAG_SQLSTATE), Field(result, PG_DIAG_CONSTRAINT_NAME), Field(result, PG_DIAG_TABLE_NAME),
                  Field(result, PG_DIAG_MESSAGE_DETAIL)};
  std::string text = Field(result, PG_DIAG_MESSAGE_PRIMARY);
  if (text.empty()) text = PQresultErrorMessage(result);
  text = OneLine(std::move(text));
  if (farewell != nullptr && failure.sqlstate.empty() && !farewell->sqlstate.empty()) {
    failure = *farewell;
    text = farewell->detail;
  }
  if (farewell != nullptr) return Lost({ClientFailure::kReset, true, origin, text}, std::move(failure));
  const std::string message = "postgres: " + text + (failure.sqlstate.empty() ? "" : " (SQLSTATE " + failure.sqlstate + ")");
  Errc verdict{};
  if (failure.sqlstate == "57014") verdict = Errc::kUpstreamTimeout;  // statement_timeout, or an administrator: the call's own context has not ended
  if (failure.sqlstate.compare(0, 2, "53") == 0) verdict = Errc::kUnavailable;  // its disk is full, or it has no memory
  return WithFailure(verdict, message, std::move(failure));
}

Error OfConnect(std::string message, const std::string& origin) {
  Failure said{.sqlstate = StateIn(message), .constraint = {}, .table = {}, .detail = {}};
  const ClientFailure::Kind kind = KindOf(message, said.sqlstate);
  // What makes it verbose is for the developers of the server.
  if (const std::size_t location = message.find("\nLOCATION:"); location != std::string::npos) message.resize(location);
  return Lost({kind, false, origin, std::move(message)}, std::move(said));
}

Error ConnectTimedOut(const std::string& origin, std::string_view detail) {
  return MakeClientFailure(Errc::kUnavailable, {ClientFailure::kTimedOut, false, origin, std::string(detail)});
}

Error OfAcquire(const Error& refusal, const std::string& origin) {
  if (!refusal.Is(kUnavailable) || refusal.As<ClientFailure>() != nullptr) return refusal;
  return MakeClientFailure(Errc::kUnavailable, {ClientFailure::kBusy, false, origin, refusal.Message()});
}

Error LostBefore(std::string what, const Failure& farewell, const std::string& origin) {
  return Lost({ClientFailure::kReset, false, origin, "before " + std::move(what) + (farewell.detail.empty() ? "" : ": ") + farewell.detail}, farewell);
}

Error LostWhilePreparing(const Error& cause) {
  const auto* failure = cause.As<ClientFailure>();
  if (failure == nullptr || failure->kind != ClientFailure::kReset) return cause;
  ClientFailure harmless = *failure;
  harmless.processed = false;
  const auto* said = cause.As<Failure>();
  return Lost(std::move(harmless), said != nullptr ? *said : Failure());
}

Error CommitUnknown(const Error& cause, const std::string& origin) {
  Failure failure;
  if (const auto* said = cause.As<Failure>()) failure = *said;
  failure.commit_unknown = true;
  return Lost({ClientFailure::kReset, true, origin, "in COMMIT, so the transaction may have happened: " + cause.Message()}, std::move(failure));
}

}  // namespace weft::postgres::internal
