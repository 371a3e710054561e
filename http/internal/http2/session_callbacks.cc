// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <new>
#include <tuple>
#include <utility>

#include <weft/http/internal/http2/library_callbacks.h>
#include <weft/http/internal/http2/library_pairs.h>
#include <weft/http/internal/http2/session.h>

namespace weft::internal::http2 {
namespace {

// The library's own limits, in addition to those of Budget.
constexpr std::size_t kAcksOwedMax = 500;
constexpr std::size_t kSettingsMax = 32;
constexpr std::uint64_t kResetsBurst = 10'000;
constexpr std::uint64_t kResetsEachSecond = 1'000;
constexpr std::size_t kHeadSentMax = 1024 * 1024;  // of a field block

std::string_view TextOf(const std::uint8_t* bytes, std::size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

SessionStream* StreamOfFrame(nghttp2_session* session, std::int32_t id) {
  return static_cast<SessionStream*>(nghttp2_session_get_stream_user_data(session, id));
}

bool IsRequestHead(const nghttp2_frame* frame) {
  return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
}

// DATA that is not empty to Session::Count.
bool IsPaddingAlone(const nghttp2_frame* frame) {
  return frame->hd.type == NGHTTP2_DATA && frame->hd.length > 0 && frame->data.padlen == frame->hd.length &&
         (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0;
}

// Of releases from 1.57 on, and of older ones whose distribution has brought it back. By default it would bite before Budget does, and it
// counts resets after a response, too, of which proxies make many.
template <class Option>
auto SetResetLimit(Option* option, int) -> decltype(nghttp2_option_set_stream_reset_rate_limit(option, 1, 1)) {
  nghttp2_option_set_stream_reset_rate_limit(option, kResetsBurst, kResetsEachSecond);
}
template <class Option>
void SetResetLimit(Option*, long) {}

}  // namespace

struct SessionCallbacks {
  static Session& Of(void* user) { return *static_cast<Session*>(user); }

  // No exception passes through the library.
  template <auto F>
  struct Guarded;
  template <class R, class... Args, R (*F)(Args...)>
  struct Guarded<F> {
    static R Call(Args... args) {
      try {
        return F(args...);
      } catch (const std::bad_alloc&) {
        Of(std::get<sizeof...(Args) - 1>(std::tie(args...))).no_memory_ = true;
        return NGHTTP2_ERR_CALLBACK_FAILURE;
      }
    }
  };

  static int OnBeginHeaders(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    if (!IsRequestHead(frame)) return 0;
    SessionStream* stream = nullptr;
    try {
      stream = Of(user).owner_.OnStream();
    } catch (const std::bad_alloc&) {
    }
    if (stream == nullptr) {
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_REFUSED_STREAM);
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    stream->id_ = frame->hd.stream_id;
    stream->open_ = true;
    stream->ended_by_peer_ = stream->responded_ = stream->reset_by_peer_ = stream->reset_by_us_ = false;
    stream->turn_ = 0;
    return nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, stream);
  }

  static int OnHeader(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                      const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
    SessionStream* const stream = StreamOfFrame(session, frame->hd.stream_id);
    if (stream == nullptr) return 0;
    Session& self = Of(user);
    self.payload_ += name_size + value_size;
    if (stream->OnField(TextOf(name, name_size), TextOf(value, value_size))) return 0;
    self.failure_ = ErrorCode::kEnhanceYourCalm;
    self.owner_.OnNuisance(Nuisance::kFieldList);
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  }

  // RFC 9113 section 8.2.1: a message with such a field is malformed; the library would leave the field out.
  static int OnInvalidHeader(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*, std::size_t, const std::uint8_t*,
                             std::size_t, std::uint8_t, void*) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int OnFrame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Session& self = Of(user);
    switch (frame->hd.type) {
      case NGHTTP2_SETTINGS:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0 && (self.is_client_ || !self.settled_)) {
          self.settled_ = true;
          self.owner_.OnSettings();
        }
        return 0;
      case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) return 0;
        if (self.pings_owed_ == 0) {
          self.owner_.OnNuisance(Nuisance::kControlFrame);
        } else {
          --self.pings_owed_;
          self.owner_.OnPingAnswered();
        }
        return 0;
      case NGHTTP2_GOAWAY: self.peer_ends_ = true; return 0;
      case NGHTTP2_RST_STREAM:
        if (SessionStream* stream = StreamOfFrame(session, frame->hd.stream_id)) {
          stream->reset_by_peer_ = true;
          if (!stream->responded_) self.owner_.OnNuisance(Nuisance::kReset);
        }
        return 0;
      case NGHTTP2_HEADERS:
      case NGHTTP2_DATA: break;
      default: return 0;
    }
    if (IsPaddingAlone(frame)) self.owner_.OnNuisance(Nuisance::kEmptyData);
    SessionStream* const stream = StreamOfFrame(session, frame->hd.stream_id);
    if (stream == nullptr) return 0;
    // To a client each block is a head, until the stream knows better: interim ones, the final one, trailers.
    if (frame->hd.type == NGHTTP2_HEADERS && (self.is_client_ || IsRequestHead(frame))) stream->OnHead();
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      stream->ended_by_peer_ = true;
      stream->OnEnd();
    }
    return 0;
  }

  // A stream with an owner is counted when it is closed, because not every reset by the library is reported here.
  static int OnInvalidFrame(nghttp2_session* session, const nghttp2_frame* frame, int error, void* user) {
    if (frame->hd.stream_id == 0) return 0;
    if (error == NGHTTP2_ERR_REFUSED_STREAM) {
      Of(user).owner_.OnNuisance(Nuisance::kRefused);
    } else if (StreamOfFrame(session, frame->hd.stream_id) == nullptr) {
      Of(user).owner_.OnNuisance(Nuisance::kStreamError);
    }
    return 0;
  }

  static int OnDataChunk(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* data, std::size_t size,
                         void* user) {
    Session& self = Of(user);
    self.payload_ += size;
    SessionStream* const stream = StreamOfFrame(session, id);
    if (stream == nullptr) {
      nghttp2_session_consume_connection(session, size);
      return 0;
    }
    stream->OnData(TextOf(data, size));
    return 0;
  }

  static int OnStreamClose(nghttp2_session* session, std::int32_t id, std::uint32_t code, void* user) {
    SessionStream* const stream = StreamOfFrame(session, id);
    if (stream == nullptr) return 0;
    nghttp2_session_set_stream_user_data(session, id, nullptr);
    std::vector<std::int32_t>& waiting = Of(user).next_turn_;
    waiting.erase(std::remove(waiting.begin(), waiting.end(), id), waiting.end());
    stream->open_ = false;
    Of(user).history_.Close(static_cast<std::uint32_t>(id), stream->ended_by_peer_ || stream->reset_by_peer_);
    const bool in_order = code == NGHTTP2_NO_ERROR || code == NGHTTP2_REFUSED_STREAM;
    if (!in_order && !stream->reset_by_peer_ && !stream->reset_by_us_) Of(user).owner_.OnNuisance(Nuisance::kStreamError);
    stream->OnClosed(static_cast<ErrorCode>(code), stream->reset_by_peer_);
    return 0;
  }

  // --- sending

  // If the library has found an error, it sends a GOAWAY of its own.
  static int OnSent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_HEADERS) {
      Of(user).payload_sent_ += frame->hd.length;
      if (SessionStream* stream = IsRequestHead(frame) ? StreamOfFrame(session, frame->hd.stream_id) : nullptr) stream->OnHeadSent();
    }
    if (frame->hd.type != NGHTTP2_GOAWAY) return 0;
    Session& self = Of(user);
    if (frame->goaway.error_code != NGHTTP2_NO_ERROR) self.failure_ = static_cast<ErrorCode>(frame->goaway.error_code);
    // A PING is urgent to the library: the peer would reply before it has seen the GOAWAY.
    if (!std::exchange(self.pings_after_goaway_, false)) return 0;
    ++self.pings_owed_;
    return nghttp2_submit_ping(session, NGHTTP2_FLAG_NONE, nullptr);
  }

  // A head or a trailer section that is too large for a field block: without it the response would be considered complete, or be
  // waited for. The stream of a request that is not sent ends by itself.
  static int OnNotSent(nghttp2_session* session, const nghttp2_frame* frame, int, void*) {
    SessionStream* const stream = StreamOfFrame(session, frame->hd.stream_id);
    if (frame->hd.type != NGHTTP2_HEADERS || IsRequestHead(frame) || stream == nullptr) return 0;
    stream->reset_by_us_ = true;
    return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_INTERNAL_ERROR);
  }

  static ssize_t ReadBody(nghttp2_session* session, std::int32_t id, std::uint8_t*, std::size_t size, std::uint32_t* flags,
                          nghttp2_data_source*, void* user) {
    Session& self = Of(user);
    SessionStream* const found = StreamOfFrame(session, id);
    if (found == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    SessionStream& stream = *found;
    const SessionStream::Piece piece = stream.NextBody(size);
    if (piece.size == 0 && !piece.last) return NGHTTP2_ERR_DEFERRED;
    // A frame that is promised here is sent at once: later its body might be gone.
    if (piece.size > 0 && (stream.turn_ == self.turn_ || self.out_->Size() >= self.most_)) {
      self.next_turn_.push_back(id);
      return NGHTTP2_ERR_DEFERRED;
    }
    if (piece.size > 0) stream.turn_ = self.turn_;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (piece.last) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (const std::span<const Fields::Field> trailer = stream.TrailerFields(); !trailer.empty()) {
        Pairs pairs(trailer);
        if (nghttp2_submit_trailer(session, id, pairs.data(), pairs.size()) == 0) *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      }
    }
    return static_cast<ssize_t>(piece.size);
  }

  static int SendData(nghttp2_session* session, nghttp2_frame* frame, const std::uint8_t* header, std::size_t size,
                      nghttp2_data_source*, void* user) {
    Session& self = Of(user);
    try {
      SessionStream* const stream = StreamOfFrame(session, frame->hd.stream_id);
      if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
      if (stream->NextBody(size).size < size) {
        stream->reset_by_us_ = true;
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
      }
      self.out_->Append(TextOf(header, kFrameHeaderSize));
      stream->TakeBody(size, *self.out_);
    } catch (const std::bad_alloc&) {
      return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    ++self.data_sent_;
    self.payload_sent_ += size;
    self.bodies_written_ += size;
    return 0;
  }

  // One set for all sessions of the process.
  static const nghttp2_session_callbacks* All() {
    static nghttp2_session_callbacks* const all = [] {
      nghttp2_session_callbacks* made = nullptr;
      if (nghttp2_session_callbacks_new(&made) != 0) return made;
      nghttp2_session_callbacks_set_on_begin_headers_callback(made, &OnBeginHeaders);
      nghttp2_session_callbacks_set_on_header_callback(made, &Guarded<&OnHeader>::Call);
      nghttp2_session_callbacks_set_on_invalid_header_callback(made, &OnInvalidHeader);
      nghttp2_session_callbacks_set_on_frame_recv_callback(made, &Guarded<&OnFrame>::Call);
      nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, &OnInvalidFrame);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, &Guarded<&OnDataChunk>::Call);
      nghttp2_session_callbacks_set_on_stream_close_callback(made, &Guarded<&OnStreamClose>::Call);
      nghttp2_session_callbacks_set_send_data_callback(made, &SendData);
      nghttp2_session_callbacks_set_on_frame_send_callback(made, &OnSent);
      nghttp2_session_callbacks_set_on_frame_not_send_callback(made, &OnNotSent);
      return made;
    }();
    return all;
  }

  static const nghttp2_option* Options() {
    static nghttp2_option* const all = [] {
      nghttp2_option* made = nullptr;
      if (nghttp2_option_new(&made) != 0) return made;
      nghttp2_option_set_no_auto_window_update(made, 1);
      nghttp2_option_set_no_closed_streams(made, 1);
      nghttp2_option_set_max_outbound_ack(made, kAcksOwedMax);
      nghttp2_option_set_max_settings(made, kSettingsMax);
      SetResetLimit(made, 0);
      nghttp2_option_set_max_send_header_block_length(made, kHeadSentMax);
      return made;
    }();
    return all;
  }
};

const nghttp2_session_callbacks* Callbacks() { return SessionCallbacks::All(); }
const nghttp2_option* Options() { return SessionCallbacks::Options(); }

nghttp2_data_provider BodyProvider() {
  nghttp2_data_provider provider;
  provider.source.ptr = nullptr;  // by its id
  provider.read_callback = &SessionCallbacks::Guarded<&SessionCallbacks::ReadBody>::Call;
  return provider;
}

}  // namespace weft::internal::http2
