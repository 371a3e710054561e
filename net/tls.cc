// SPDX-License-Identifier: Apache-2.0
#include <weft/net/tls.h>

#include <cstdio>

#include <weft/concurrency/offload.h>
#include <weft/net/internal/tls/build_server_contexts.h>
#include <weft/net/internal/tls/tls_state.h>

namespace weft {
namespace {

Error Build(internal::TlsState& state) WEFT_REQUIRES(state.reload) {
  state.stamps = internal::StampFiles(state.options);
  const std::shared_ptr<const internal::ServerContexts> old = state.Current();
  Result<std::shared_ptr<const internal::ServerContexts>> made = internal::BuildServerContexts(
      state.options, state.self_signed, old != nullptr ? old->tickets : nullptr);
  if (Error err = made.Err()) return err;
  const std::lock_guard guard(state.lock);
  state.current = *made;
  return {};
}

// Builds from what the files contain now. Under the lock of reloads, so that the last one to begin
// is the one that stays.
Error Refresh(internal::TlsState& state) WEFT_REQUIRES(state.reload) {
  const Error outcome = Build(state);
  const std::lock_guard guard(state.lock);
  state.outcome = outcome;
  return outcome;
}

// Used if there is no callback. It may wait for the reader of stderr, so never on a loop's thread.
void Report(const Error& failure) {
  std::fprintf(stderr, "weft: the certificates could not be reloaded, the old ones stay in use: %s\n", failure.Message().c_str());
}

Error ReloadIfChanged(internal::TlsState& state, bool again, bool& tried) {
  const std::lock_guard guard(state.reload);
  tried = again || internal::StampFiles(state.options) != state.stamps;
  return tried ? Refresh(state) : Error();
}

}  // namespace

Result<Tls> Tls::Load(TlsServerOptions options) {
  auto state = std::make_shared<internal::TlsState>();
  state->options = std::move(options);
  const std::lock_guard guard(state->reload);
  if (Error err = Refresh(*state)) return err;
  return Tls(std::move(state));
}

Result<Tls> Tls::SelfSigned(std::vector<std::string> names) {
  if (names.empty())
    return Error::New(
        "Tls::SelfSigned: no name is given: name the hosts that clients ask for, such as "
        "localhost");
  auto state = std::make_shared<internal::TlsState>();
  state->self_signed = std::move(names);
  const std::lock_guard guard(state->reload);
  if (Error err = Refresh(*state)) return err;
  return Tls(std::move(state));
}

Error Tls::Reload() {
  const std::lock_guard guard(state_->reload);
  return Refresh(*state_);
}

Error Tls::LastReload() const {
  const std::lock_guard guard(state_->lock);
  return state_->outcome;
}

std::vector<CertificateInfo> Tls::Certificates() const {
  return state_->Current()->certificates;
}

Error ReloadOnChange(const Context& ctx, Tls tls, Duration every,
                     std::function<void(const Error&)> reloaded) {
  std::string reported;
  for (bool failed = false;;) {
    if (Error err = Sleep(ctx, every)) return err;
    bool tried = false;
    const Error err = Offload(ctx, [&] {
      Error outcome = ReloadIfChanged(*tls.state_, failed, tried);
      if (!tried || reloaded) return outcome;
      const std::string failure = outcome ? outcome.Message() : std::string();
      if (outcome && failure != reported) Report(outcome);
      reported = failure;
      return outcome;
    });
    if (!tried) continue;  // nothing has changed, or no thread was free to look
    failed = static_cast<bool>(err);
    if (reloaded) reloaded(err);
  }
}

}  // namespace weft
