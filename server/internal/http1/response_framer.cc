// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/http1/response_framer.h>

#include <sys/socket.h>

#include <algorithm>
#include <new>

#include <weft/concurrency/file_read.h>
#include <weft/handlers/access.h>
#include <weft/http/internal/copy_short.h>
#include <weft/http/internal/sniff.h>
#include <weft/server/internal/http1/file_sender.h>

namespace weft::internal::http1 {
namespace {

constexpr std::size_t kSniffed = 512;

}  // namespace

void ResponseFramer::Begin(const Head& head) {
  method_is_head_ = head.is_head;
  method_is_connect_ = head.is_connect;
  version_minor_ = head.version_minor;
  out_.BeginResponse();
  framing_ = {};
  complete_ = false;
}

std::span<char> ResponseFramer::Buffer() {
  if (body_buffer_ == nullptr) body_buffer_ = shard_.TakeBodyBuffer();
  return {BufferData(), Shard::kBodyBytes};
}

bool ResponseFramer::TakeBufferBack() noexcept {
  if (out_.Empty()) out_.Recycle(0);
  shard_.GiveBodyBuffer(std::move(body_buffer_));
  return true;
}

std::string_view ResponseFramer::ChunkInBuffer(std::string_view data) {
  static_assert(kChunkHeaderMax <= Shard::kBodyFraming && kChunkEnd.size() <= Shard::kBodyFraming);
  const char* const begin = WriteChunkHeaderBefore(BufferData(), data.size());
  kChunkEnd.copy(BufferData() + data.size(), kChunkEnd.size());
  return {begin, static_cast<std::size_t>(BufferData() + data.size() + kChunkEnd.size() - begin)};
}

// An unread body ends the connection if it is not worth reading, too large, or if the client still waits for
// permission to send it. But a handler that responds while it reads will most likely continue to read.
void ResponseFramer::NoteBodyFacts(bool response_goes_on) {
  const bool reads = response_goes_on && !body_.Failed() && RequestAccess::BodyBytesRead(request_) > 0;
  const bool unread = !body_.Ended() && !reads && !body_.WorthReading();
  if (body_.Failed() || unread || RequestAccess::BodyError(request_).Is(kTooLarge)) facts_.Note(KeepAliveFacts::kBodyUnusable);
}

[[gnu::always_inline]] inline ResponseFacts ResponseFramer::FactsOf(int status, bool response_goes_on) {
  if (body_.HasOne()) NoteBodyFacts(response_goes_on);
  if (shard_.draining() && !owner_.AnotherRequestIsHere()) facts_.Note(KeepAliveFacts::kDraining);
  ResponseFacts facts;
  facts.status = status;
  facts.head_request = method_is_head_;
  facts.connect_request = method_is_connect_;
  facts.version_minor = version_minor_;
  facts.keep_alive = KeepsAlive(facts_);
  return facts;
}

[[gnu::always_inline]] inline void ResponseFramer::WriteHeadBytes(const ResponseHead& head) {
  constexpr std::size_t kRoom = 640;
  ByteBuffer& out = out_.Bytes();
  const std::size_t size = WriteResponseHead(out.Reserve(kRoom), kRoom, head);
  if (size > kRoom) [[unlikely]] WriteResponseHead(out.Reserve(size), size, head);
  out.Grow(size);
}

[[gnu::always_inline]] inline void ResponseFramer::WriteHead(int status, Fields& header, const ResponseFacts& facts, std::string_view body) {
  framing_ = FrameResponse(facts);
  if (WantsClose(header)) framing_.keep_alive = false;
  if (!framing_.keep_alive) facts_.Note(KeepAliveFacts::kResponseCloses);
  if (status == 101) facts_.Note(KeepAliveFacts::kUpgraded);
  ResponseHead head;
  head.status = status;
  head.version_minor = version_minor_;
  head.fields = &header;
  head.framing = framing_;
  head.date_line = shard_.DateLine();
  head.body = body;
  WriteHeadBytes(head);
}

void ResponseFramer::WriteUpgradeHead(int status, Fields& header) {
  ResponseHead head;
  head.status = status;
  head.fields = &header;
  head.date_line = shard_.DateLine();
  WriteHeadBytes(head);
}

void ResponseFramer::WriteRefusal(int status, std::string_view reason, bool method_is_head) {
  const Refusals& refusals = shard_.server().refusals;
  for (std::size_t room = 512;;) {
    const std::size_t size =
        refusals.Write(out_.Bytes().Reserve(room), room, status, reason, shard_.DateLine(), 0, method_is_head);
    if (size <= room) {
      out_.Bytes().Grow(size);
      break;
    }
    room = size;
  }
  shard_.observer().OnRequestRefused({status, reason});
}

void ResponseFramer::ReplaceByRefusal(std::string_view reason) {
  out_.DropResponse();
  WriteRefusal(503, reason, method_is_head_);
}

int ResponseFramer::Lose(bool hijacked) noexcept {
  out_.DropResponse();
  complete_ = true;
  if (!out_.Begun() && !hijacked) {
    try {
      ReplaceByRefusal("no memory for the request");
      return 503;
    } catch (const std::bad_alloc&) {  // then the connection ends without
    }
  }
  NoteAborted();
  return 0;
}

Error ResponseFramer::SendWhole(int status, Fields& header, std::string_view body) {
  io_.WaitForTurn();
  ResponseFacts facts = FactsOf(status, /*response_goes_on=*/false);
  facts.complete = true;
  facts.body_bytes = body.size();
  WriteHead(status, header, facts, body);
  if (!framing_.send_body) return {};
  ByteBuffer& out = out_.Bytes();
  CopyShort(out.Reserve(body.size()), body.data(), body.size());
  out.Grow(body.size());
  return {};
}

Error ResponseFramer::SendHead(int status, Fields& header, std::optional<std::uint64_t> length) {
  io_.WaitForTurn();
  ResponseFacts facts = FactsOf(status, /*response_goes_on=*/true);
  facts.declared_length = length;
  WriteHead(status, header, facts, {});
  // The first bytes of the body, which follow, determine the type.
  if (framing_.send_body && !header.Has("Content-Type") && !header.Has("Content-Encoding")) out_.AwaitType();
  return {};
}

void ResponseFramer::AddTypeOf(std::string_view body) {
  if (out_.AwaitsType()) out_.AddType(SniffContentType(body));
}

void ResponseFramer::WriteChunkHeader(std::uint64_t size) {
  char chunk[kChunkHeaderMax];
  const char* header = WriteChunkHeaderBefore(chunk + sizeof(chunk), size);
  out_.Bytes().Append({header, static_cast<std::size_t>(chunk + sizeof(chunk) - header)});
}

Error ResponseFramer::SendBody(std::string_view first, std::string_view second) {
  io_.WaitForTurn();
  AddTypeOf(first.empty() ? second : first);
  const bool chunked = framing_.kind == BodyKind::kChunked;
  // The usual case for a piece of a response: one send, of contiguous bytes.
  if (second.empty() && out_.Empty() && body_buffer_ != nullptr && first.data() == BufferData()) {
    const Error err = out_.SendPiece(chunked ? ChunkInBuffer(first) : first);
    io_.AfterPiece();
    return err;
  }
  if (chunked) WriteChunkHeader(first.size() + second.size());
  iovec parts[4];
  std::size_t count = 1;  // the first one is for what waits
  if (!first.empty()) parts[count++] = Part(first);
  if (!second.empty()) parts[count++] = Part(second);
  if (chunked) parts[count++] = Part(kChunkEnd);
  const Error err = out_.SendWith(parts, count);
  io_.AfterPiece();
  return err;
}

Error ResponseFramer::Flush() {
  io_.WaitForTurn();
  out_.ForgetType();  // the head is sent now
  const Error err = out_.Send();
  io_.AfterPiece();
  return err;
}

Error ResponseFramer::SendEnd(std::string_view rest, Fields& trailer) {
  io_.WaitForTurn();
  const bool chunked = framing_.kind == BodyKind::kChunked;
  if (!rest.empty()) {
    AddTypeOf(rest);
    if (chunked) WriteChunkHeader(rest.size());
    out_.Bytes().Append(rest);
    if (chunked) out_.Bytes().Append(kChunkEnd);
  }
  out_.ForgetType();
  if (!chunked) return {};
  if (trailer.Size() == 0) {
    out_.Bytes().Append(kLastChunk);
    return {};
  }
  const std::size_t size = WriteLastChunk(nullptr, 0, trailer);
  WriteLastChunk(out_.Bytes().Reserve(size), size, trailer);
  out_.Bytes().Grow(size);
  return {};
}

Error ResponseFramer::SendInformational(int status, Fields& header) {
  io_.WaitForTurn();
  if (version_minor_ == 0) return {};  // an HTTP/1.0 client would take it for the response (RFC 9110 section 15.2)
  if (status == 100) body_.NoteContinueSent();
  ResponseHead head;
  head.status = status;
  head.fields = &header;
  WriteHeadBytes(head);
  out_.NoteInterim();
  return out_.Send();
}

Error ResponseFramer::SendFile(std::string_view first, FilePart& part) {
  io_.WaitForTurn();
  if (io_.Failed()) return kClosed;
  if (out_.Finished()) return kServerClosing;
  if (!first.empty()) AddTypeOf(first);
  Error err = kClosed;
  {
    const FiberTurn::Hold hold(io_.turn());  // reading the file may wait: no other fiber touches what is held
    try {
      err = AddTypeOf(part);
      if (aborted_) err = kClosed;  // by another fiber, while the file was waited for
      if (!err) err = SendBeforeFile(first, part);
      if (!err) {
        out_.NoteBegun();
        err = SendFilePart(io_, part);
      }
    } catch (...) {  // no memory
      facts_.Note(KeepAliveFacts::kFailed);
      io_.NoteFailure();
      throw;
    }
  }
  if (err) {
    facts_.Note(KeepAliveFacts::kFailed);
    io_.NoteFailure();
  } else if (framing_.kind == BodyKind::kChunked) {
    out_.Bytes().Append(kChunkEnd);  // leaves with what follows
  }
  return err;
}

Error ResponseFramer::AddTypeOf(const FilePart& part) {
  if (!out_.AwaitsType()) return {};
  char beginning[kSniffed];
  const std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(kSniffed, part.length));
  const Result<std::size_t> got = ReadFileAt(Background(), part.fd, {beginning, want}, part.offset);
  if (Error err = got.Err()) return err.Wrap("read a file");
  if (*got == 0) return FileTooShort();
  AddTypeOf(std::string_view(beginning, *got));
  return {};
}

// The kernel holds what waits and `first` until the first bytes of the file follow (MSG_MORE), so a short
// response is one segment. In a chunked body they and the file are one chunk.
Error ResponseFramer::SendBeforeFile(std::string_view first, const FilePart& part) {
  if (framing_.kind == BodyKind::kChunked) WriteChunkHeader(first.size() + part.length);
  if (out_.Bytes().empty() && first.empty()) return {};
  iovec parts[2];
  if (!first.empty()) parts[1] = Part(first);
  return out_.SendInTurnWith(parts, first.empty() ? 1 : 2, MSG_MORE);
}

void ResponseFramer::Abort() noexcept {
  NoteAborted();
  out_.DropResponse();
  owner_.OnAbort();
}

}  // namespace weft::internal::http1
