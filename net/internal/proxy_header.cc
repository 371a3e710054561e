// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/proxy_header.h>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>

namespace weft::internal {
namespace {

using Verdict = ProxyHeaderResult::Verdict;

constexpr std::string_view kLineBegin = "PROXY ";
constexpr std::size_t kLineMax = 107;  // with its CR LF
constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kFixedSize = 16;  // signature, version and command, family, length
constexpr std::size_t kChecksumSize = 4;
constexpr std::size_t kTlvHead = 3;
constexpr unsigned kTlvChecksum = 3;

ProxyHeaderResult NeedMore() { return {}; }
ProxyHeaderResult Bad(const char* reason) { return {Verdict::kBad, 0, reason}; }
ProxyHeaderResult Done(std::size_t size) { return {Verdict::kDone, size, nullptr}; }

unsigned ByteAt(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }
unsigned NumberAt(std::string_view bytes, std::size_t at) { return ByteAt(bytes, at) << 8 | ByteAt(bytes, at + 1); }

// Version 1.

// Takes the next word; exactly one blank is between two words.
std::optional<std::string_view> TakeWord(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  if (end == 0 || end + 1 == line.size()) return std::nullopt;
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

// In network byte order.
bool ReadPort(std::string_view word, in_port_t& port) {
  std::uint16_t number = 0;
  const auto [stopped, failure] = std::from_chars(word.data(), word.data() + word.size(), number);
  port = htons(number);
  return failure == std::errc() && stopped == word.data() + word.size() && (word[0] != '0' || word.size() == 1);
}

bool ReadIp(int family, std::string_view word, void* out) {
  char text[INET6_ADDRSTRLEN];
  if (word.size() >= sizeof(text) || word.find('\0') != std::string_view::npos) return false;
  text[word.copy(text, sizeof(text))] = '\0';
  return inet_pton(family, text, out) == 1;
}

bool ReadEnds(int family, std::string_view line, SocketAddress& client) {
  const std::optional<std::string_view> words[4] = {TakeWord(line), TakeWord(line), TakeWord(line), TakeWord(line)};
  for (const auto& word : words) {
    if (!word) return false;
  }
  SocketAddress source;
  source.any.sa_family = static_cast<sa_family_t>(family);
  const bool v4 = family == AF_INET;
  source.size = v4 ? sizeof(source.v4) : sizeof(source.v6);
  void* const ip = v4 ? static_cast<void*>(&source.v4.sin_addr) : &source.v6.sin6_addr;
  in_port_t& port = v4 ? source.v4.sin_port : source.v6.sin6_port;
  in6_addr destination;
  in_port_t destination_port;
  if (!ReadIp(family, *words[0], ip) || !ReadIp(family, *words[1], &destination)) return false;
  if (!ReadPort(*words[2], port) || !ReadPort(*words[3], destination_port) || !line.empty()) return false;
  client = source;
  return true;
}

ProxyHeaderResult ParseLine(std::string_view bytes, SocketAddress& client) {
  // No CR or LF except at the very end: a more lenient receiver would read another line than the one that was sent.
  const std::size_t end = bytes.substr(0, kLineMax).find_first_of("\r\n");
  if (end == std::string_view::npos) return bytes.size() < kLineMax ? NeedMore() : Bad("PROXY line longer than 107 bytes");
  if (bytes[end] == '\n') return Bad("bare LF in the PROXY line");
  if (end + 1 >= kLineMax) return Bad("PROXY line longer than 107 bytes");
  if (end + 1 == bytes.size()) return NeedMore();
  if (bytes[end + 1] != '\n') return Bad("bare CR in the PROXY line");

  std::string_view line = bytes.substr(kLineBegin.size(), end - kLineBegin.size());
  const std::string_view family = line.substr(0, line.find(' '));
  if (family == "UNKNOWN") return Done(end + 2);  // whatever else the line says
  if (family != "TCP4" && family != "TCP6") return Bad("unknown family in the PROXY line");
  line.remove_prefix(std::min(family.size() + 1, line.size()));
  if (!ReadEnds(family == "TCP4" ? AF_INET : AF_INET6, line, client)) return Bad("malformed address in the PROXY line");
  return Done(end + 2);
}

// Version 2.

constexpr std::array<std::uint32_t, 256> MakeCrcTable() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82F63B78u : 0u);
    table[i] = value;
  }
  return table;
}

bool ChecksumIsRight(std::string_view header, std::size_t at) {
  std::uint32_t told = 0;
  for (std::size_t i = 0; i < kChecksumSize; ++i) told = told << 8 | ByteAt(header, at + i);
  // The checksum is computed as if its own bytes were zeros.
  std::uint32_t crc = Crc32c(header.substr(0, at));
  crc = Crc32c(std::string_view("\0\0\0\0", kChecksumSize), crc);
  return Crc32c(header.substr(at + kChecksumSize), crc) == told;
}

// Null if what follows the addresses is well-formed.
const char* CheckTlvs(std::string_view header, std::size_t at) {
  bool checked = false;
  while (at < header.size()) {
    if (header.size() - at < kTlvHead) return "PROXY header ends within a TLV";
    const unsigned type = ByteAt(header, at);
    const std::size_t size = NumberAt(header, at + 1);
    at += kTlvHead;
    if (size > header.size() - at) return "PROXY header ends within a TLV";
    if (type == kTlvChecksum) {
      if (size != kChecksumSize || checked || !ChecksumIsRight(header, at)) return "PROXY header with a wrong checksum";
      checked = true;
    }
    at += size;
  }
  return nullptr;
}

enum Family : unsigned { kUnspecified, kInet, kInet6, kUnix };

// Source and destination address, then both ports if there are any.
constexpr std::size_t kAddressSizes[] = {0, 12, 36, 216};

SocketAddress SourceAt(unsigned family, const char* addresses) {
  SocketAddress source;
  if (family == kInet) {
    source.v4.sin_family = AF_INET;
    std::memcpy(&source.v4.sin_addr, addresses, 4);
    std::memcpy(&source.v4.sin_port, addresses + 8, 2);
    source.size = sizeof(source.v4);
  } else if (family == kInet6) {
    source.v6.sin6_family = AF_INET6;
    std::memcpy(&source.v6.sin6_addr, addresses, 16);
    std::memcpy(&source.v6.sin6_port, addresses + 32, 2);
    source.size = sizeof(source.v6);
  } else {
    source.local.sun_family = AF_UNIX;
    source.size = sizeof(source.local.sun_family);
  }
  return source;
}

ProxyHeaderResult ParseBinary(std::string_view bytes, SocketAddress& client) {
  if (bytes.size() > 12 && ByteAt(bytes, 12) >> 4 != 2) return Bad("unknown version of the PROXY header");
  if (bytes.size() > 12 && (ByteAt(bytes, 12) & 15) > 1) return Bad("unknown command in the PROXY header");
  if (bytes.size() < kFixedSize) return NeedMore();
  const bool local = (ByteAt(bytes, 12) & 15) == 0;
  const unsigned family = ByteAt(bytes, 13) >> 4;
  const unsigned transport = ByteAt(bytes, 13) & 15;
  const std::size_t size = kFixedSize + NumberAt(bytes, 14);
  if (size > kProxyHeaderMax) return Bad("PROXY header too long");
  if (!local && (family > kUnix || transport > 2)) return Bad("unknown family in the PROXY header");
  const bool named = !local && family != kUnspecified && transport != 0;
  if (named && size < kFixedSize + kAddressSizes[family]) return Bad("PROXY header too short for its addresses");
  if (bytes.size() < size) return NeedMore();
  if (named) {
    if (const char* reason = CheckTlvs(bytes.substr(0, size), kFixedSize + kAddressSizes[family])) return Bad(reason);
    client = SourceAt(family, bytes.data() + kFixedSize);
  }
  return Done(size);
}

}  // namespace

std::uint32_t Crc32c(std::string_view bytes, std::uint32_t crc) {
  static constexpr std::array<std::uint32_t, 256> kTable = MakeCrcTable();
  crc = ~crc;
  for (const char byte : bytes) crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xFF];
  return ~crc;
}

ProxyHeaderResult ParseProxyHeader(std::string_view bytes, SocketAddress& client) {
  for (const std::string_view begin : {kLineBegin, kSignature}) {
    const std::size_t here = std::min(bytes.size(), begin.size());
    if (bytes.substr(0, here) != begin.substr(0, here)) continue;
    if (here < begin.size()) return NeedMore();
    return begin == kLineBegin ? ParseLine(bytes, client) : ParseBinary(bytes, client);
  }
  return Bad("no PROXY header");
}

}  // namespace weft::internal
