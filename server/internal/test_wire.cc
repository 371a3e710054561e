// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/test_wire.h>

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <memory>
#include <mutex>
#include <system_error>
#include <tuple>
#include <utility>

#include <weft/concurrency/internal/base/thread_mutex.h>
#include <weft/concurrency/wait_fd.h>
#include <weft/net/internal/socket.h>
#include <weft/net/internal/tls/alpn.h>
#include <weft/net/internal/tls/client_context.h>

namespace weft::internal {
namespace {

Error SystemError(int number, std::string_view what) {
  return Error(std::error_code(number, std::generic_category())).Wrap(what);
}

Error WaitUntil(const Context& ctx, int fd, FdEvents events, const char* waits_for) {
  return WaitFd(ctx, fd, events, {.waits_for = waits_for, .holds_time = false}).Err();
}

// The files that the options name, of the test or of the system, may change meanwhile.
bool ReadsFiles(const TlsClientOptions& options) {
  return !options.ca_file.empty() || !options.certificate.certificate_file.empty() || !options.certificate.key_file.empty() ||
         (options.ca_pem.empty() && !options.insecure_skip_verify);
}

bool AreTheSame(const TlsClientOptions& a, const TlsClientOptions& b) {
  const auto all = [](const TlsClientOptions& o) {
    return std::tie(o.ca_pem, o.certificate.certificate_pem, o.certificate.key_pem, o.server_name, o.insecure_skip_verify);
  };
  return all(a) == all(b);
}

// The last one is kept, since a test that makes thousands of connections passes the same options for all, and making a context takes
// several times as long as a handshake.
Result<std::shared_ptr<const ClientContext>> LoadContext(const TlsClientOptions& options) {
  struct Last {
    ThreadMutex lock;
    TlsClientOptions options WEFT_GUARDED_BY(lock);
    std::shared_ptr<const ClientContext> context WEFT_GUARDED_BY(lock);  // null at first
  };
  static Last& last = *new Last;  // never destroyed: OpenSSL is cleaned up at exit, perhaps before it
  if (ReadsFiles(options)) return ClientContext::Load(options);
  {
    const std::lock_guard<ThreadMutex> hold(last.lock);
    if (last.context != nullptr && AreTheSame(last.options, options)) return last.context;
  }
  Result<std::shared_ptr<const ClientContext>> context = ClientContext::Load(options);
  if (context.Ok()) {
    const std::lock_guard<ThreadMutex> hold(last.lock);
    last.context = nullptr;  // until the options are whole
    last.options = options;
    last.context = *context;
  }
  return context;
}

const AlpnList& Protocols(bool http2) {
  static const AlpnList one{"http/1.1"};
  static const AlpnList two{"h2"};
  return http2 ? two : one;
}

}  // namespace

Error TestWire::StartTls(const Context& ctx, const std::string& host, const TlsClientOptions& options, bool http2) {
  Result<std::shared_ptr<const ClientContext>> context = LoadContext(options);
  if (Error err = context.Err()) return err;
  Result<std::unique_ptr<TlsSession>> session = TlsSession::Client(*context, host, Protocols(http2));
  if (Error err = session.Err()) return err;
  session_ = *std::move(session);
  std::span<const char> came;
  char buffer[4096];
  for (;;) {
    const TlsSession::Step step = session_->Handshake(came, sealed_);
    if (Error err = SendSealed(ctx); err && step != TlsSession::Step::kFailed) return err;
    if (step == TlsSession::Step::kDone) return {};
    if (step != TlsSession::Step::kWantInput) return Error::New(std::string("TLS: ") + session_->Failure().reason);
    const Result<std::size_t> got = ReceiveRaw(ctx, buffer);
    if (Error err = got.Err()) return err;
    if (*got == 0) session_->SawFin();
    came = std::span<const char>(buffer).first(*got);
  }
}

Error TestWire::SendRaw(const Context& ctx, std::string_view bytes) {
  while (!bytes.empty()) {
    if (Error err = ctx.Err()) return err;
    const ssize_t sent = send(Descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (WouldWait(errno)) {
      if (Error err = WaitUntil(ctx, Descriptor(), FdEvents::kWrite, "server to take bytes")) return err;
    } else if (errno != EINTR) {
      return SystemError(errno, "send");
    }
  }
  return {};
}

// One fiber may send while another one reads: what the reader must send is sent with it.
Error TestWire::SendSealed(const Context& ctx) {
  if (sending_) return {};
  sending_ = true;
  Error err;
  while (!err && !sealed_.empty()) {
    const ByteBuffer bytes = std::exchange(sealed_, {});
    err = SendRaw(ctx, bytes.View());
  }
  sending_ = false;
  return err;
}

Error TestWire::StartHttp2(const Context& ctx) {
  http2_ = std::make_unique<TestHttp2>();
  return SendFrames(ctx);
}

Error TestWire::SendFrames(const Context& ctx) {
  const std::string frames = http2_->ToSend();
  return frames.empty() ? Error() : SendBytes(ctx, frames);
}

// What the server's windows hold back is sent as it opens them, which must be received first.
Error TestWire::Send(const Context& ctx, std::string_view bytes) {
  if (http2_ == nullptr) return SendBytes(ctx, bytes);
  http2_->Send(bytes);
  for (;;) {
    if (Error err = SendFrames(ctx)) return err;
    if (!http2_->AwaitsWindow() || receiving_ || end_seen_ || http2_->Ended()) return {};
    if (Error err = ReceiveFrames(ctx)) return err;
  }
}

Error TestWire::ReceiveFrames(const Context& ctx) {
  constexpr std::size_t kPiece = 64 * 1024;
  const std::unique_ptr<char[]> buffer(new char[kPiece]);
  receiving_ = true;
  const Result<std::size_t> got = ReceiveBytes(ctx, {buffer.get(), kPiece});
  receiving_ = false;
  if (Error err = got.Err()) return err;
  end_seen_ = *got == 0;
  http2_->Receive({buffer.get(), *got});
  text_ += http2_->Take();
  // An acknowledgement that the server no longer reads does not matter to the test.
  const Error unsent = SendFrames(ctx);
  return unsent.Is(kCanceled) || unsent.Is(kDeadlineExceeded) ? unsent : Error();
}

Result<std::size_t> TestWire::Receive(const Context& ctx, std::span<char> buffer) {
  if (http2_ == nullptr) return ReceiveBytes(ctx, buffer);
  while (text_.empty()) {
    if (http2_->Ended()) return SystemError(ECONNRESET, "receive");
    if (end_seen_) return std::size_t{0};
    if (Error err = ReceiveFrames(ctx)) return err;
  }
  const std::size_t size = text_.copy(buffer.data(), buffer.size());
  text_.erase(0, size);
  return size;
}

Error TestWire::SendBytes(const Context& ctx, std::string_view bytes) {
  if (session_ == nullptr) return SendRaw(ctx, bytes);
  if (bytes.empty()) return {};
  const iovec part = Part(bytes);
  if (!session_->Write({&part, 1}, sealed_)) return kClosed.Wrap("TLS: the connection has failed or is closed");
  return SendSealed(ctx);
}

Result<std::size_t> TestWire::ReceiveRaw(const Context& ctx, std::span<char> buffer) {
  for (;;) {
    if (Error err = ctx.Err()) return err;
    const ssize_t got = recv(Descriptor(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (WouldWait(errno)) {
      if (Error err = WaitUntil(ctx, Descriptor(), FdEvents::kRead, "bytes from the server")) return err;
    } else if (errno != EINTR) {
      return SystemError(errno, "receive");
    }
  }
}

Result<std::size_t> TestWire::ReceiveBytes(const Context& ctx, std::span<char> buffer) {
  if (session_ == nullptr) return ReceiveRaw(ctx, buffer);
  constexpr std::size_t kPiece = 64 * 1024;
  if (received_ == nullptr) received_.reset(new char[kPiece]);
  const std::span<char> sealed(received_.get(), kPiece);
  std::span<const char> came;
  for (;;) {
    const TlsSession::ReadResult read = session_->Read(came, buffer, sealed_);
    if (Error err = SendSealed(ctx)) return err;
    if (read.size > 0) return read.size;
    if (read.state == TlsSession::ReadState::kEnded) {
      if (session_->Ended() == TlsSession::PeerEnd::kTruncated) return Error::New("TLS: the server has cut the connection within a record");
      return std::size_t{0};
    }
    if (read.state == TlsSession::ReadState::kFailed) return Error::New(std::string("TLS: ") + session_->Failure().reason);
    const Result<std::size_t> got = ReceiveRaw(ctx, sealed);
    if (Error err = got.Err()) return err;
    if (*got == 0) session_->SawFin();
    came = sealed.first(*got);
  }
}

void TestWire::CloseSend() {
  if (session_ != nullptr) {
    session_->Finish(sealed_);
    static_cast<void>(send(Descriptor(), sealed_.data(), sealed_.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
    sealed_.Clear();
  }
  static_cast<void>(shutdown(Descriptor(), SHUT_WR));
}

void TestWire::Reset() {
  const linger at_once{1, 0};
  static_cast<void>(setsockopt(Descriptor(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)));
  Close();
}

}  // namespace weft::internal
