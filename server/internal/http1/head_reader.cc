// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/http1/head_reader.h>

#include <algorithm>
#include <cerrno>
#include <span>

#include <weft/net/internal/proxy_header.h>

namespace weft::internal::http1 {
namespace {

using What = HeadRead::What;

HeadRead ParseProxy(std::string_view bytes, Peer& peer) {
  HeadRead read;
  SocketAddress client;
  const ProxyHeaderResult result = ParseProxyHeader(bytes, client);
  switch (result.verdict) {
    case ProxyHeaderResult::Verdict::kNeedMore: read.what = What::kMore; break;
    case ProxyHeaderResult::Verdict::kBad:
      read.what = What::kBadProxy;
      read.reason = result.reason;
      break;
    case ProxyHeaderResult::Verdict::kDone:
      read.what = What::kProxied;
      if (client.size != 0) peer = Peer(client);
      read.bytes = bytes.substr(result.consumed);
      break;
  }
  return read;
}

// A layer may hold a part of what was sent, which counts as a part of a head; or what it held has turned out to
// concern the layer alone.
HeadRead NothingRead(WatchedSocket& socket, PartialHead* kept, Head& scratch, std::uint8_t empty_lines) {
  HeadRead read;
  if (!socket.Layered()) return read;
  if (kept == nullptr && socket.InMessage()) {
    scratch.Reset();
    scratch.empty_lines = empty_lines;
    read.what = What::kPart;
    read.head = &scratch;
  } else if (kept != nullptr && kept->Bytes().empty() && !socket.InMessage()) {
    read.what = What::kEmptyLines;
    read.head = &kept->head();
  }
  return read;
}

}  // namespace

HeadRead Incomplete(const HeadResult& result, std::string_view bytes, Head& head, PartialHead* kept) {
  HeadRead read;
  read.head = &head;
  if (result.verdict == HeadResult::Verdict::kBad) {
    read.what = What::kBadRequest;
    read.bytes = bytes;
    read.status = result.status;
    read.reason = result.reason;
    return read;
  }
  if (result.consumed > 0) head.DropEmptyLines();  // not part of a request
  read.bytes = bytes.substr(result.consumed);
  if (read.bytes.empty()) {
    read.what = What::kEmptyLines;
  } else if (kept == nullptr) {
    read.what = What::kPart;
  } else {
    if (result.consumed > 0) kept->EraseFront(result.consumed);
    read.what = What::kMore;
  }
  return read;
}

HeadRead ReadHead(Shard& shard, WatchedSocket& socket, PartialHead* kept, Head& scratch, std::uint8_t empty_lines,
                  Peer& peer) {
  const std::span<char> room = kept != nullptr ? kept->MakeRoom() : std::span<char>(shard.read_buffer(), Shard::kReadBytes);
  bool more = false;
  const ssize_t got = socket.Read(room.data(), room.size(), more);
  const auto size = static_cast<std::size_t>(std::max<ssize_t>(got, 0));
  const bool nothing = got < 0 && WouldWait(errno);
  if (kept != nullptr) kept->UseRoom(room.size(), size);
  if (nothing) {
    socket.SetMayHaveInput(false);
    return NothingRead(socket, kept, scratch, empty_lines);
  }
  if (got <= 0) {
    HeadRead end;
    end.what = What::kEnd;
    return end;
  }
  socket.NoteRead(more);
  const std::string_view bytes = kept != nullptr ? kept->Bytes() : std::string_view(room.data(), size);
  if (kept != nullptr && kept->AwaitsProxyHeader()) return ParseProxy(bytes, peer);
  Head& head = kept != nullptr ? kept->head() : scratch;
  const HeadResult result = kept != nullptr ? ParseHead(bytes, shard.server().limits, head) : ParseFirst(shard, bytes, head, empty_lines);
  if (result.verdict != HeadResult::Verdict::kDone) return Incomplete(result, bytes, head, kept);
  return {.what = What::kRequest, .bytes = bytes, .head_size = result.consumed, .head = &head};
}

}  // namespace weft::internal::http1
