// SPDX-License-Identifier: Apache-2.0
//
// What stands in for session.cc, session_callbacks.cc and field_decoder.cc in a build without nghttp2 (WEFT_HTTP2=OFF): no session can be made, so nothing else is called.
#include <weft/http/internal/http2/field_decoder.h>
#include <weft/http/internal/http2/session.h>

namespace weft::internal::http2 {

bool SessionsExist() { return false; }
std::unique_ptr<Session> Session::Server(const SessionSettings&, Owner&) { return nullptr; }
std::unique_ptr<Session> Session::Client(const SessionSettings&, Owner&) { return nullptr; }
Session::~Session() = default;
bool Session::Receive(std::string_view) { return false; }
bool Session::Write(FrameBuffer&, std::size_t) { return true; }
bool Session::HasOutput() const { return false; }
std::size_t Session::Waiting() const { return 0; }
bool Session::Request(SessionStream&, std::span<const Fields::Field>, bool) { return false; }
bool Session::TakesRequests() const { return false; }
std::uint32_t Session::PeerStreamsMax() const { return 0; }
bool Session::Respond(SessionStream&, std::span<const Fields::Field>, bool) { return false; }
bool Session::Inform(SessionStream&, std::span<const Fields::Field>) { return false; }
void Session::ResumeBody(SessionStream&) {}
bool Session::WindowOpen(const SessionStream&) const { return false; }
void Session::Reset(SessionStream&, ErrorCode) {}
void Session::Forget(SessionStream&) {}
void Session::GiveBackConnection(std::size_t) {}
void Session::GiveBackStream(SessionStream&, std::size_t) {}
void Session::GrowWindow(SessionStream&, std::uint32_t) {}
void Session::Ping() {}
void Session::AnnounceEnd() {}
void Session::SayEnd(ErrorCode) {}
void Session::Terminate(ErrorCode) {}

FieldDecoder::FieldDecoder() = default;
FieldDecoder::~FieldDecoder() = default;
bool FieldDecoder::Decode(std::string_view, List&) { return false; }

}  // namespace weft::internal::http2
