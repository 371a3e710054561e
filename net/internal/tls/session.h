// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_TLS_SESSION_H_
#define WEFT_NET_INTERNAL_TLS_SESSION_H_

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <weft/concurrency/error.h>
#include <weft/net/internal/byte_buffer.h>
#include <weft/net/internal/tls/handshake_failure.h>
#include <weft/net/internal/tls/hello_bound.h>
#include <weft/net/internal/tls/session_data.h>
#include <weft/net/internal/tls/span_bio.h>
#include <weft/net/tls_info.h>

struct ssl_ctx_st;
struct ssl_st;

namespace weft::internal {

struct ClientContext;
struct ServerContexts;

// The TLS of one connection, of either side, without a socket: bytes in, bytes out. Nothing waits
// and nothing parks, so that no fiber is needed. One call at a time, from whichever thread.
//
// Every call consumes all of the ciphertext that it is given, in the memory of the caller, which may reuse it at once: what
// cannot be used yet is copied. Every call may append to `out`, which must be sent whatever the outcome is, before anything
// else: it may be an alert or a change of keys. What is sent late is sent in order.
//
//   handshake:  n = recv(in); step = Handshake({in, n}, out); send(out); ... until kDone
//   reading:    n = recv(in);
//               do { got = Read({in, n}, plain, out); use(plain, got.size); n = 0; }
//               while (got.state == kMore);
//               send(out)
//   writing:    Write(parts, out); send(out)
//   end:        Finish(out); send(out); shutdown
class TlsSession {
 public:
  // The server's side. `alpn` outlives it; null or empty: clients that offer protocols are let in,
  // and none is chosen. Its memory comes with the client's first whole record.
  static std::unique_ptr<TlsSession> Server(std::shared_ptr<const ServerContexts> contexts,
                                            const AlpnList* alpn);

  // A ticket with which a client resumes.
  struct TicketFree {
    void operator()(ssl_session_st* ticket) const;
  };
  using Ticket = std::unique_ptr<ssl_session_st, TicketFree>;

  // The client's side. `host` is the name or address that the server's certificate must have,
  // unless the options say another one. `ticket` may be null. Errors: no memory, or a name that no
  // server can have. The first Handshake takes no input.
  static Result<std::unique_ptr<TlsSession>> Client(std::shared_ptr<const ClientContext> context,
                                                    const std::string& host, const AlpnList& alpn,
                                                    Ticket ticket = nullptr);

  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  enum class Step : std::uint8_t {
    kWantInput,  // send what is in `out`, and come back with more
    kDone,       // what arrived after the handshake is held: continue with a Read without input
    kNotTls,     // of a server: the first byte is not that of a handshake. Nothing was taken: the
                 // client may speak in plain text
    kFailed,     // see Failure; `out` may hold an alert for the peer
  };
  Step Handshake(std::span<const char> ciphertext, ByteBuffer& out);

  enum class ReadState : std::uint8_t {
    kWantInput,  // all that has come is read
    kMore,       // there was no room for all plaintext, or it is the turn of others: read again, without input
    kEnded,      // the peer sends nothing any more; see Ended. Writing continues
    kFailed,     // see Failure. Everything ends
  };
  struct ReadResult {
    std::size_t size = 0;  // of plaintext, whatever the state
    ReadState state = ReadState::kWantInput;
  };
  // After the handshake. Plaintext that is as long as the ciphertext has room for all but for
  // records that came in pieces.
  ReadResult Read(std::span<const char> ciphertext, std::span<char> plaintext, ByteBuffer& out);

  // The peer's FIN has arrived after all ciphertext that was given so far. Then Read returns kEnded, and
  // Handshake kFailed.
  void SawFin() { fin_ = true; }

  // How the peer's side has ended.
  enum class PeerEnd : std::uint8_t {
    kOpen,
    kCloseNotify,  // it has said so (RFC 8446 section 6.1): nothing is missing
    kFin,        // a FIN alone, between two records: all has come if what is above TLS says where a
                 // message ends
    kTruncated,  // a FIN in the middle of a record
  };
  PeerEnd Ended() const { return end_; }

  // After the handshake: encrypts all parts, gathered so that small ones share a record. Ciphertext
  // is 22 bytes longer for each 16 KiB, and counts as sent: what a socket does not take is the
  // caller's to keep. False: the session has failed or is finished.
  bool Write(std::span<const iovec> parts, ByteBuffer& out);

  // Appends the close_notify that ends our side properly; not after a failure, and only once.
  // Reading continues.
  void Finish(ByteBuffer& out);

  // Whether a Read without input would return anything.
  bool HasPending() const;
  // Whether only a part of a record has arrived: the peer is within a message.
  bool InRecord() const { return bio_.reader.HasPart(); }
  bool HandshakeDone() const { return done_; }
  // The number of flights that it has sent, each of which took a computation. During the handshake.
  unsigned Flights() const { return flights_; }
  // Whether more may arrive: the peer's side has not ended, and nothing has failed.
  bool Open() const { return end_ == PeerEnd::kOpen && !failed_; }
  const TlsFailure& Failure() const { return failure_; }

  // A place for ciphertext that the socket has not taken yet. The session does not look at it.
  ByteBuffer& Owed() { return owed_; }
  const ByteBuffer& Owed() const { return owed_; }

  // Of a server, after the handshake: whether a client may ask for this host here (a name or an
  // address, without a port). False: over a connection of its own it would be shown another
  // certificate, and that of this one does not have the name (RFC 9110 section 15.5.20).
  bool ServesHost(std::string_view host) const;
  // The protocol that was agreed on; empty: none. After the handshake.
  std::string_view Alpn() const;
  // Everything that is known about the connection, built at the first call. After the handshake.
  const TlsInfo& Info();
  // Of a client: the last ticket that the server has sent, to be used for one connection; may be null.
  // TLS 1.3 gives it after the handshake.
  Ticket TakeTicket();

 private:
  class Call;

  TlsSession() = default;
  bool Begin(ssl_ctx_st* ctx);
  bool BeginAsServer();
  Step FailHandshake(const TlsFailure& failure);
  ReadState StateAfterFailedRead();
  ReadState NothingMore();
  bool WriteAll(const char* bytes, std::size_t size);

  ssl_st* ssl_ = nullptr;  // of a server: null until a whole record has come
  SpanBio bio_;
  HelloBound hello_bound_;
  SessionData data_;
  ByteBuffer owed_;
  std::shared_ptr<const void> contexts_;
  std::unique_ptr<TlsInfo> info_;
  TlsFailure failure_;
  PeerEnd end_ = PeerEnd::kOpen;
  std::uint8_t flights_ = 0;
  bool server_ = false;
  bool seen_ = false;  // something has arrived
  bool done_ = false;
  bool failed_ = false;
  bool finished_ = false;
  bool fin_ = false;
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_TLS_SESSION_H_
