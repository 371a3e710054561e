// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http2/session.h>

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <new>
#include <utility>

#include <weft/http/internal/http2/library_callbacks.h>
#include <weft/http/internal/http2/library_memory.h>
#include <weft/http/internal/http2/library_pairs.h>

namespace weft::internal::http2 {
namespace {

constexpr std::uint64_t kWindowUpdatesPerData = 10;
constexpr std::uint64_t kWindowUpdatesFree = 100;  // of each connection, and what a turn of many streams sends

std::string_view Text(const std::uint8_t* bytes, std::size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

SessionStream* StreamOf(nghttp2_session* session, std::int32_t id) {
  return static_cast<SessionStream*>(nghttp2_session_get_stream_user_data(session, id));
}

// A lack of memory in the library ends the connection.
void Check(int result) {
  if (result == NGHTTP2_ERR_NOMEM) throw std::bad_alloc();
}

}  // namespace

bool SessionsExist() { return true; }

std::unique_ptr<Session> Session::Server(const SessionSettings& settings, Owner& owner) {
  std::unique_ptr<Session> session(new (std::nothrow) Session(owner, /*is_client=*/false));
  if (session == nullptr || !session->Begin(settings)) return nullptr;
  return session;
}

std::unique_ptr<Session> Session::Client(const SessionSettings& settings, Owner& owner) {
  std::unique_ptr<Session> session(new (std::nothrow) Session(owner, /*is_client=*/true));
  if (session == nullptr || !session->BeginClient(settings)) return nullptr;
  return session;
}

// The library sends the preface before the first frame. It takes no streams of the server (RFC 9113 section 8.4).
bool Session::BeginClient(const SessionSettings& settings) {
  if (Callbacks() == nullptr || Options() == nullptr) return false;
  nghttp2_mem memory = FunctionsOf(memory_);
  if (nghttp2_session_client_new3(&session_, Callbacks(), this, Options(), &memory) != 0) return false;
  memory_.Seal();
  const nghttp2_settings_entry entries[3] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                             {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.stream_window},
                                             {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, settings.field_list_max}};
  if (nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, entries, 3) != 0) return false;
  return nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, static_cast<std::int32_t>(settings.connection_window)) == 0;
}

bool Session::Begin(const SessionSettings& settings) {
  if (Callbacks() == nullptr || Options() == nullptr) return false;
  nghttp2_mem memory = FunctionsOf(memory_);  // copied
  if (nghttp2_session_server_new3(&session_, Callbacks(), this, Options(), &memory) != 0) return false;
  memory_.Seal();
  // Clients' priorities are not followed, so they need not send them (RFC 9218 section 2.1).
  nghttp2_settings_entry entries[5] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings.streams_max},
                                       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.stream_window},
                                       {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, settings.field_list_max},
                                       {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
                                       {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1}};
  if (nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, entries, settings.extended_connect ? 5 : 4) != 0) return false;
  return nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, static_cast<std::int32_t>(settings.connection_window)) == 0;
}

Session::~Session() {
  if (session_ != nullptr) nghttp2_session_del(session_);
}

// The library forgets streams that are closed, which costs it no memory and us this: what a peer sends on one that it has
// ended itself, or has passed over, is its error (RFC 9113 sections 5.1 and 5.1.1). On others it may be on its way still.
ErrorCode Session::Judge(const FrameHeader& frame) {
  if (is_client_) return ErrorCode::kNoError;  // a server opens none
  const bool headers = frame.type == frame_type::kHeaders;
  if (frame.type == frame_type::kPriority) return frame.stream == 0 ? ErrorCode::kProtocolError : ErrorCode::kNoError;
  if (!headers && frame.type != frame_type::kData) return ErrorCode::kNoError;
  if (StreamOf(session_, static_cast<std::int32_t>(frame.stream)) != nullptr) return ErrorCode::kNoError;
  if (headers && history_.Open(frame.stream)) return ErrorCode::kNoError;
  if (history_.EndedByPeer(frame.stream)) return ErrorCode::kStreamClosed;
  return headers && history_.PassedOver(frame.stream) ? ErrorCode::kProtocolError : ErrorCode::kNoError;
}

// RFC 9113 section 10.5: frames that are in order, and of which a peer may send as many as it likes.
void Session::Count(const FrameHeader& frame) {
  switch (frame.type) {
    case frame_type::kData:
      if (frame.length == 0 && (frame.flags & frame_flag::kEndStream) == 0) owner_.OnNuisance(Nuisance::kEmptyData);
      break;
    case frame_type::kHeaders:
    case frame_type::kContinuation:
    case frame_type::kReset:
    case frame_type::kGoAway: break;  // each is met by a limit of its own
    case frame_type::kPriority:
    case frame_type::kPriorityUpdate: owner_.OnNuisance(Nuisance::kPriority); break;
    case frame_type::kWindowUpdate:
      if (++window_updates_ > kWindowUpdatesFree + kWindowUpdatesPerData * data_sent_) owner_.OnNuisance(Nuisance::kWindowUpdate);
      break;
    case frame_type::kSettings:
    case frame_type::kPing:
      if ((frame.flags & frame_flag::kAck) == 0 || frame.length > 8) owner_.OnNuisance(Nuisance::kControlFrame);
      break;
    default: owner_.OnNuisance(Nuisance::kControlFrame); break;
  }
}

// The library has the frames before one that is looked at, and never a part of a frame's header: it counts each part as one more
// CONTINUATION.
bool Session::Receive(std::string_view bytes) {
  payload_ = std::exchange(payload_sent_, 0);  // a peer that downloads sends nothing but windows
  std::size_t fed = 0;
  scanner_.Scan(bytes, [&](const FrameHeader& frame, std::size_t end) {
    if (Failed()) return;
    Count(frame);
    const bool whole = end - fed >= kFrameHeaderSize;  // else its first bytes came before these
    Feed(bytes.substr(fed, whole ? end - kFrameHeaderSize - fed : 0));
    if (const ErrorCode code = Failed() ? ErrorCode::kNoError : Judge(frame); code != ErrorCode::kNoError) Terminate(code);
    if (!whole) Feed(scanner_.Header());
    fed = whole ? end - kFrameHeaderSize : end;
  });
  const std::size_t left = bytes.size() - fed;
  Feed(bytes.substr(fed, left - std::min(left, scanner_.Held())));
  if (!proportion_.Came(bytes.size(), payload_)) owner_.OnNuisance(Nuisance::kOverhead);
  return !Failed();
}

void Session::Feed(std::string_view bytes) {
  if (Failed() || bytes.empty()) return;
  const ssize_t taken = nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken >= 0) return;
  if (taken == NGHTTP2_ERR_NOMEM || no_memory_) throw std::bad_alloc();
  if (!Failed()) {
    failure_ = taken == NGHTTP2_ERR_FLOODED            ? ErrorCode::kEnhanceYourCalm
               : taken == NGHTTP2_ERR_CALLBACK_FAILURE ? ErrorCode::kInternalError
                                                       : ErrorCode::kProtocolError;
  }
  nghttp2_session_terminate_session(session_, static_cast<std::uint32_t>(failure_));
}

// Those that had a frame in the last turn, in the same order.
void Session::ResumeTurn() {
  ++turn_;
  std::vector<std::int32_t> streams;
  streams.swap(next_turn_);
  for (const std::int32_t id : streams) nghttp2_session_resume_data(session_, id);
}

bool Session::Write(FrameBuffer& out, std::size_t most) {
  out_ = &out;
  most_ = most;
  while (out.Size() < most) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (size < 0) {
      out_ = nullptr;
      return false;
    }
    if (size > 0) {
      out.Append(Text(bytes, static_cast<std::size_t>(size)));
    } else if (out.Size() >= most) {
      break;
    } else if (!next_turn_.empty()) {
      ResumeTurn();
    } else {
      ++turn_;  // all have had theirs
      break;
    }
  }
  out_ = nullptr;
  return true;
}

bool Session::HasOutput() const { return nghttp2_session_want_write(session_) != 0 || !next_turn_.empty(); }

std::size_t Session::Waiting() const { return nghttp2_session_get_outbound_queue_size(session_) + next_turn_.size(); }

bool Session::Respond(SessionStream& stream, std::span<const Fields::Field> fields, bool body) {
  if (!stream.open_) return false;
  Pairs pairs(fields);
  const nghttp2_data_provider provider = BodyProvider();
  stream.responded_ = true;
  const int result = nghttp2_submit_response(session_, stream.id_, pairs.data(), pairs.size(), body ? &provider : nullptr);
  Check(result);
  return result == 0;
}

bool Session::Request(SessionStream& stream, std::span<const Fields::Field> fields, bool body) {
  Pairs pairs(fields);
  const nghttp2_data_provider provider = BodyProvider();
  const std::int32_t id = nghttp2_submit_request(session_, nullptr, pairs.data(), pairs.size(), body ? &provider : nullptr, &stream);
  Check(id);
  if (id < 0) return false;
  stream.id_ = id;
  stream.open_ = true;
  stream.ended_by_peer_ = stream.responded_ = stream.reset_by_peer_ = stream.reset_by_us_ = false;
  stream.turn_ = 0;
  return true;
}

bool Session::TakesRequests() const { return !Failed() && !peer_ends_ && nghttp2_session_check_request_allowed(session_) != 0; }

std::uint32_t Session::PeerStreamsMax() const {
  return nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

bool Session::Inform(SessionStream& stream, std::span<const Fields::Field> fields) {
  if (!stream.open_) return false;
  Pairs pairs(fields);
  const int result =
      nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream.id_, nullptr, pairs.data(), pairs.size(), nullptr);
  Check(result);
  return result == 0;
}

void Session::ResumeBody(SessionStream& stream) {
  if (stream.open_) Check(nghttp2_session_resume_data(session_, stream.id_));
}

bool Session::WindowOpen(const SessionStream& stream) const {
  return stream.open_ && nghttp2_session_get_stream_remote_window_size(session_, stream.id_) > 0;
}

void Session::Reset(SessionStream& stream, ErrorCode code) {
  if (!stream.open_ || stream.reset_by_us_) return;
  stream.reset_by_us_ = true;
  Check(nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id_, static_cast<std::uint32_t>(code)));
}

void Session::Forget(SessionStream& stream) {
  if (!stream.open_) return;
  stream.open_ = false;
  nghttp2_session_set_stream_user_data(session_, stream.id_, nullptr);
}

void Session::GiveBackConnection(std::size_t bytes) { Check(nghttp2_session_consume_connection(session_, bytes)); }

void Session::GiveBackStream(SessionStream& stream, std::size_t bytes) {
  if (stream.open_) Check(nghttp2_session_consume_stream(session_, stream.id_, bytes));
}

void Session::GrowWindow(SessionStream& stream, std::uint32_t bytes) {
  if (stream.open_) {
    Check(nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, stream.id_, static_cast<std::int32_t>(bytes)));
  }
}

void Session::Ping() {
  ++pings_owed_;
  Check(nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr));
}

void Session::AnnounceEnd() {
  pings_after_goaway_ = true;
  Check(nghttp2_submit_shutdown_notice(session_));
}

void Session::SayEnd(ErrorCode code) {
  Check(nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_),
                              static_cast<std::uint32_t>(code), nullptr, 0));
}

void Session::Terminate(ErrorCode code) {
  failure_ = code;
  Check(nghttp2_session_terminate_session(session_, static_cast<std::uint32_t>(code)));
}

}  // namespace weft::internal::http2
