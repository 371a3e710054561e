// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP2_SESSION_H_
#define WEFT_HTTP_INTERNAL_HTTP2_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <weft/http/fields.h>
#include <weft/http/internal/http2/frame_buffer.h>
#include <weft/http/internal/http2/frame_scanner.h>
#include <weft/http/internal/http2/misbehaviour.h>
#include <weft/http/internal/http2/session_memory.h>
#include <weft/http/internal/http2/stream_history.h>

struct nghttp2_session;

namespace weft::internal::http2 {

// RFC 9113 section 7.
enum class ErrorCode : std::uint32_t {
  kNoError = 0,
  kProtocolError = 1,
  kInternalError = 2,
  kFlowControlError = 3,
  kSettingsTimeout = 4,
  kStreamClosed = 5,
  kFrameSizeError = 6,
  kRefusedStream = 7,
  kCancel = 8,
  kCompressionError = 9,
  kConnectError = 10,
  kEnhanceYourCalm = 11,
  kInadequateSecurity = 12,
  kHttp11Required = 13,
};

// Whether this build can make a Session (WEFT_HTTP2).
bool SessionsExist();

class Session;

// One stream of a session: what it reports, and what it asks for to be sent. Code that serves or opens streams derives from it.
// All calls come from within Session::Receive and Session::Write: they note what has happened and call nothing of the session.
class SessionStream {
 public:
  SessionStream(const SessionStream&) = delete;
  SessionStream& operator=(const SessionStream&) = delete;

  std::int32_t Id() const { return id_; }
  // The session knows it; OnClosed is yet to come.
  bool Open() const { return open_; }

  // A field of the head, or of the trailer section once OnHead has come. False: there are too many, the connection ends.
  virtual bool OnField(std::string_view name, std::string_view value) = 0;
  // Of a client: once for each field block that its server sends.
  virtual void OnHead() = 0;
  virtual void OnData(std::string_view bytes) = 0;
  // The peer's side has ended.
  virtual void OnEnd() = 0;
  // Of a client: the head of the request is a frame now. A stream that is closed before that was never seen by the server.
  virtual void OnHeadSent() {}
  // The last call: both sides have ended (kNoError), or it was reset by one of them.
  virtual void OnClosed(ErrorCode code, bool by_peer) = 0;

  // The body that is to be sent.
  struct Piece {
    std::size_t size = 0;  // at most what was asked for; 0 and not last: nothing yet, until Session::ResumeBody
    bool last = false;     // the message ends with it, or with the trailer section
  };
  virtual Piece NextBody(std::size_t most) = 0;
  // This much of it is framed now. It must stay where it is until Write has returned and its buffer is settled.
  virtual void TakeBody(std::size_t size, FrameBuffer& out) = 0;
  // After the last piece; empty: none.
  virtual std::span<const Fields::Field> TrailerFields() = 0;

 protected:
  SessionStream() = default;
  ~SessionStream() = default;

 private:
  friend class Session;
  friend struct SessionCallbacks;
  std::int32_t id_ = 0;
  bool open_ = false;
  bool ended_by_peer_ = false;
  bool responded_ = false;  // the head of its response was handed over
  bool reset_by_peer_ = false;
  bool reset_by_us_ = false;  // by Session::Reset, not by the library
  std::uint32_t turn_ = 0;  // of the session, in which it had its last frame
};

struct SessionSettings {
  std::uint32_t streams_max = 100;
  std::uint32_t stream_window = 65535;           // until GrowWindow
  std::uint32_t connection_window = 1024 * 1024;
  std::uint32_t field_list_max = 64 * 1024;      // announced only; SessionStream::OnField counts
  bool extended_connect = false;
};

// One side of an HTTP/2 connection (RFC 9113), without a socket: bytes in as spans, frames out into a
// FrameBuffer. It implements the protocol (frames, HPACK, states of streams, windows, well-formed messages) with
// nghttp2, which nothing else includes, and counts what its peer does at our cost.
//
//   session.Receive(bytes);                      // OnField, OnHead, OnData, ... of streams
//   session.Respond(stream, fields, true);       // outside of these calls
//   session.Write(out, 48 * 1024); send(out);    // NextBody, TakeBody, ... until out stays empty
class Session {
 public:
  class Owner {
   public:
    // A request begins. Null: there is no memory for it, and it is rejected (REFUSED_STREAM). Never of a client.
    virtual SessionStream* OnStream() = 0;
    // The peer's first SETTINGS have come; to a client, also later ones.
    virtual void OnSettings() = 0;
    virtual void OnPingAnswered() = 0;
    // It has done this once more.
    virtual void OnNuisance(Nuisance what) = 0;

   protected:
    ~Owner() = default;
  };

  // Null if there is no memory, or in a build without nghttp2.
  static std::unique_ptr<Session> Server(const SessionSettings& settings, Owner& owner);
  static std::unique_ptr<Session> Client(const SessionSettings& settings, Owner& owner);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Takes all bytes. False: the connection has failed; what Write still gives tells the peer why. Throws std::bad_alloc; then nothing of
  // it goes on.
  bool Receive(std::string_view bytes);
  // Appends frames until there are `most` bytes, or none are left: of each stream one frame of its body before any other
  // gets a second one. False: no memory.
  bool Write(FrameBuffer& out, std::size_t most);
  // Write has something to do.
  bool HasOutput() const;
  // Frames that wait for Write, without bodies.
  std::size_t Waiting() const;

  // --- of a client

  // Opens a stream, with a body to follow (NextBody is asked) or as all there is. Beyond PeerStreamsMax its head waits in line. False:
  // this connection has no more streams.
  bool Request(SessionStream& stream, std::span<const Fields::Field> fields, bool body);
  bool TakesRequests() const;
  // How many streams the server takes at once; a guess until its SETTINGS have come.
  std::uint32_t PeerStreamsMax() const;

  // --- of a server

  // The head of the response, with a body after it (NextBody is asked) or as all there is. False: the stream is gone.
  bool Respond(SessionStream& stream, std::span<const Fields::Field> fields, bool body);
  // An interim response (1xx).
  bool Inform(SessionStream& stream, std::span<const Fields::Field> fields);

  // --- of both

  // There is more of its body than NextBody has said last.
  void ResumeBody(SessionStream& stream);
  // Whether the peer's window for the stream lets more of its body go, that of the connection aside.
  bool WindowOpen(const SessionStream& stream) const;
  // Bytes of bodies, of all streams, that Write has given.
  std::uint64_t BodiesWritten() const { return bodies_written_; }
  void Reset(SessionStream& stream, ErrorCode code);
  // Its owner lets go of it before OnClosed.
  void Forget(SessionStream& stream);

  // Windows: as much as this may be sent again, on the connection and on the stream.
  void GiveBackConnection(std::size_t bytes);
  void GiveBackStream(SessionStream& stream, std::size_t bytes);
  void GrowWindow(SessionStream& stream, std::uint32_t bytes);

  void Ping();
  // GOAWAY that lets the peer know that the end is near, and a PING after it: streams that it begins are still served (RFC 9113
  // section 6.8).
  void AnnounceEnd();
  // GOAWAY with the last stream that was taken; open ones continue, others are ignored.
  void SayEnd(ErrorCode code);
  // GOAWAY; everything ends.
  void Terminate(ErrorCode code);
  // The peer has said that it begins no more streams.
  bool PeerEnds() const { return peer_ends_; }
  // Why the connection has failed (kNoError: it has not): reported by Receive, or by Write, as soon as GOAWAY with this code is
  // written.
  ErrorCode Failure() const { return failure_; }
  bool Failed() const { return failure_ != ErrorCode::kNoError; }

 private:
  friend struct SessionCallbacks;
  Session(Owner& owner, bool is_client) : owner_(owner), is_client_(is_client), scanner_(is_client ? 0 : kPreface.size()) {}
  bool Begin(const SessionSettings& settings);
  bool BeginClient(const SessionSettings& settings);
  void Count(const FrameHeader& frame);
  ErrorCode Judge(const FrameHeader& frame);
  void Feed(std::string_view bytes);
  void ResumeTurn();

  Owner& owner_;
  const bool is_client_;
  SessionMemory memory_;
  nghttp2_session* session_ = nullptr;
  FrameScanner scanner_;
  StreamHistory history_;
  Proportion proportion_;
  FrameBuffer* out_ = nullptr;  // during Write
  std::size_t most_ = 0;
  std::uint32_t turn_ = 1;
  std::vector<std::int32_t> next_turn_;  // streams with more to send, that had their frame
  std::uint64_t payload_ = 0;            // that came since Receive began, and was sent before
  std::uint64_t payload_sent_ = 0;       // since the last Receive
  std::uint64_t data_sent_ = 0;          // frames; WINDOW_UPDATEs are counted against them
  std::uint64_t window_updates_ = 0;
  std::uint64_t bodies_written_ = 0;
  std::uint32_t pings_owed_ = 0;  // sent, without a reply so far
  bool peer_ends_ = false;
  bool pings_after_goaway_ = false;
  bool settled_ = false;  // SETTINGS have come
  bool no_memory_ = false;
  ErrorCode failure_ = ErrorCode::kNoError;
};

}  // namespace weft::internal::http2

#endif  // WEFT_HTTP_INTERNAL_HTTP2_SESSION_H_
