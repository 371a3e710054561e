// SPDX-License-Identifier: Apache-2.0
//
// The writer of responses, with fields from a handler that means harm. The input: a byte of flags, one that chooses the status, the body up
// to the first 0x1E, then the fields, each name 0x1F value, parted by 0x1E. A second reader, which is strict and shares no code with the
// library, must find in the output exactly what was put in, and the body where the framing says.
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weft/http/fields.h>
#include <weft/http/internal/http1/response_framing.h>
#include <weft/http/internal/http1/response_head_writer.h>

#include "fuzz.h"

namespace weft::fuzz {
namespace {

using internal::BodyKind;
using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr int kStatuses[] = {200, 204, 304, 404, 100, 103, 101, 205, 206, 302, 400, 413, 500, 503, 599, 999};
constexpr std::string_view kDate = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

// What a strict client reads: lines that end with CRLF and hold no other control byte than tab.
struct ParsedResponse {
  int status = 0;
  Pairs fields = {};
  std::size_t size = 0;
};

ParsedResponse ReadResponse(std::string_view bytes) {
  ParsedResponse response;
  bool first = true;
  for (;;) {
    const std::size_t end = bytes.find("\r\n", response.size);
    FUZZ_CHECK(end != std::string_view::npos, "a head has an end");
    const std::string_view line = bytes.substr(response.size, end - response.size);
    response.size = end + 2;
    for (const char c : line) FUZZ_CHECK(c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != 0x7F), "no control byte gets out");
    if (std::exchange(first, false)) {
      FUZZ_CHECK(line.size() >= 13 && line.starts_with("HTTP/1.1 ") && line[12] == ' ', "a status line is one");
      response.status = std::stoi(std::string(line.substr(9, 3)));
      continue;
    }
    if (line.empty()) return response;
    const std::size_t colon = line.find(": ");
    FUZZ_CHECK(colon != std::string_view::npos && colon > 0, "a field has a name and a colon");
    FUZZ_CHECK(line.substr(0, colon).find_first_of(" \t:\"(),/;<=>?@[\\]{}") == std::string_view::npos, "a name is a token");
    response.fields.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
}

std::vector<std::string> All(const Pairs& fields, std::string_view lower) {
  std::vector<std::string> values;
  for (const auto& [name, value] : fields) {
    if (Lower(name) == lower) values.push_back(value);
  }
  return values;
}

// The options of all Connection fields but for those that the server decides, in small letters.
std::vector<std::string> Options(const std::vector<std::string>& values) {
  std::vector<std::string> options;
  for (std::string value : values) {
    value += ',';
    for (std::size_t begin = 0, end; (end = value.find(',', begin)) != std::string::npos; begin = end + 1) {
      const std::string part = value.substr(begin, end - begin);
      const std::size_t first = std::min(part.find_first_not_of(" \t"), part.size());
      const std::string option = Lower(part.substr(first, part.find_last_not_of(" \t") + 1 - first));
      if (!option.empty() && option != "close" && option != "keep-alive") options.push_back(option);
    }
  }
  return options;
}

struct Play {
  explicit Play(std::string_view input);
  void Check();
  std::string Write();
  void CheckHandlersFields(const ParsedResponse& response);
  void CheckFraming(const ParsedResponse& response, std::string_view sent_body);

  unsigned flags = 0;
  int status = 200;
  bool interim = false;
  std::string_view body;
  Fields fields;
  internal::ResponseFacts facts;
  internal::ResponseFraming framing;
};

Play::Play(std::string_view input) {
  const auto take = [&input](char end) {
    const std::string_view part = input.substr(0, input.find(end));
    input.remove_prefix(std::min(input.size(), part.size() + 1));
    return part;
  };
  if (input.size() >= 2) {
    flags = static_cast<unsigned char>(input[0]);
    status = kStatuses[static_cast<unsigned char>(input[1]) % std::size(kStatuses)];
    input.remove_prefix(2);
  }
  interim = status < 200 && status != 101;
  body = take('\x1E');
  while (!input.empty()) {
    std::string_view field = take('\x1E');
    const std::string_view name = field.substr(0, field.find('\x1F'));
    field.remove_prefix(std::min(field.size(), name.size() + 1));
    const std::size_t before = fields.Size();
    const bool taken = (flags & 1) != 0 ? fields.Set(name, field) : fields.Add(name, field);
    FUZZ_CHECK(taken || fields.Size() == before, "a field that is refused changes nothing");
  }
  facts.status = status;
  facts.head_request = (flags & 2) != 0;
  facts.connect_request = (flags & 4) != 0 && !facts.head_request;
  facts.version_minor = (flags & 8) != 0 ? 0 : 1;
  facts.keep_alive = (flags & 16) == 0;
  facts.complete = (flags & 32) == 0;
  facts.body_bytes = facts.complete ? body.size() : 0;
  if ((flags & 64) != 0) facts.declared_length = body.size();
  framing = internal::FrameResponse(facts);
}

std::string Play::Write() {
  internal::ResponseHead head;
  head.status = status;
  head.version_minor = facts.version_minor;
  head.fields = &fields;
  head.framing = framing;
  head.date_line = kDate;
  head.body = "text";
  const std::size_t size = internal::WriteResponseHead(nullptr, 0, head);
  const std::unique_ptr<char[]> exact(new char[size]);
  FUZZ_CHECK(internal::WriteResponseHead(exact.get(), size, head) == size, "the size is told before");
  const std::size_t less = size / 2;
  const std::unique_ptr<char[]> small(new char[less]);
  FUZZ_CHECK(internal::WriteResponseHead(small.get(), less, head) == size, "what does not fit is not written");
  return {exact.get(), size};
}

// Fields that the server adds unless the handler sets them, or sets them to nothing.
bool MayBeEmptied(std::string_view lower) { return lower == "date" || lower == "content-type"; }

// All that the handler set is there in its order, but for what the server decides. Beside an Upgrade the connection has its option (RFC 9110
// section 7.8); an empty one, and one in an interim response, is left out.
void Play::CheckHandlersFields(const ParsedResponse& response) {
  std::size_t at = 0;
  bool upgrade = false;
  for (const auto& [name, value] : fields) {
    const std::string lower = Lower(name);
    if (lower == "upgrade" && (interim || value.empty())) continue;
    upgrade = upgrade || lower == "upgrade";
    if (lower == "content-length" || lower == "transfer-encoding" || lower == "connection") continue;
    if (MayBeEmptied(lower) && value.empty()) continue;
    while (at < response.fields.size() && response.fields[at] != std::pair(std::string(name), std::string(value))) ++at;
    FUZZ_CHECK(at++ < response.fields.size(), "the handler's fields are all there");
  }
  std::size_t own = 0;
  for (const char* name : {"date", "content-type", "content-length", "transfer-encoding"}) own += All(response.fields, name).empty() ? 0 : 1;
  FUZZ_CHECK(response.fields.size() <= fields.Size() + own + (upgrade ? 2 : 1), "nothing else is there");
  std::vector<std::string> connection;
  for (const auto& [name, value] : fields) {
    if (Lower(name) == "connection" && !interim) connection.emplace_back(value);
  }
  std::vector<std::string> options = Options(connection);
  if (upgrade && std::find(options.begin(), options.end(), "upgrade") == options.end()) options.emplace_back("upgrade");
  FUZZ_CHECK(Options(All(response.fields, "connection")) == options, "the handler's options of the connection are there");
}

// RFC 9112 section 6.3, read from the side of the client.
void Play::CheckFraming(const ParsedResponse& response, std::string_view sent_body) {
  const std::vector<std::string> lengths = All(response.fields, "content-length");
  const std::vector<std::string> codings = All(response.fields, "transfer-encoding");
  FUZZ_CHECK(lengths.size() + codings.size() <= 1, "one framing at most");
  bool close = false;
  for (const std::string& options : All(response.fields, "connection")) close = close || Lower(options) == "close";
  if (interim || status == 204 || (facts.connect_request && status / 100 == 2)) {
    FUZZ_CHECK(lengths.empty() && codings.empty(), "no framing where there is no body");
  }
  if (interim) return;
  FUZZ_CHECK(close == !framing.keep_alive, "the client knows whether the connection ends");
  FUZZ_CHECK(framing.keep_alive ? facts.keep_alive : true, "nobody keeps a connection that has to end");
  if (facts.head_request || status == 304 || status == 204 || status < 200 || (facts.connect_request && status / 100 == 2)) {
    FUZZ_CHECK(sent_body.empty(), "no body where none is expected");
  } else if (!codings.empty()) {
    FUZZ_CHECK(codings[0] == "chunked" && facts.version_minor == 1, "only 1.1 knows chunks");
  } else if (!lengths.empty()) {
    FUZZ_CHECK(lengths[0] == std::to_string(sent_body.size()), "the length is that of the body");
  } else {
    FUZZ_CHECK(close, "a body without framing ends with the connection");
  }
  for (const std::string_view name : {"date", "content-type"}) {
    std::size_t set = 0;
    std::size_t left = 0;
    for (const auto& [key, value] : fields) {
      const bool same = Lower(key) == name;
      set += same || (name == "content-type" && Lower(key) == "content-encoding") ? 1 : 0;
      left += same && !value.empty() ? 1 : 0;
    }
    FUZZ_CHECK(All(response.fields, name).size() == (set == 0 ? 1 : left), "a date and a type are added where the handler says nothing of them");
  }
}

void Play::Check() {
  const std::string text = Write();
  const ParsedResponse response = ReadResponse(text);
  FUZZ_CHECK(response.status == status, "the status is that of the handler");
  FUZZ_CHECK(response.size == text.size(), "one head is one head");
  CheckHandlersFields(response);
  CheckFraming(response, framing.send_body ? body : std::string_view());

  std::string error(internal::WriteSimpleError(nullptr, 0, 400, "bad", kDate, static_cast<int>(flags)), '\0');
  (void)internal::WriteSimpleError(error.data(), error.size(), 400, "bad", kDate, static_cast<int>(flags));
  const ParsedResponse refusal = ReadResponse(error);
  FUZZ_CHECK(All(refusal.fields, "content-length").at(0) == std::to_string(error.size() - refusal.size), "a refusal has its length");

  std::string last(internal::WriteLastChunk(nullptr, 0, fields), '\0');
  (void)internal::WriteLastChunk(last.data(), last.size(), fields);
  FUZZ_CHECK(last.starts_with("0\r\n"), "the last chunk is one");
  const ParsedResponse trailers = ReadResponse("HTTP/1.1 200 \r\n" + last.substr(3));
  FUZZ_CHECK(trailers.size == last.size() + 12, "trailers have one end");
  for (const char* name : {"content-length", "transfer-encoding", "host", "connection", "set-cookie"}) {
    FUZZ_CHECK(All(trailers.fields, name).empty(), "no trailer frames or routes");
  }
}

}  // namespace
}  // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weft::fuzz::Play({reinterpret_cast<const char*>(data), size}).Check();
  return 0;
}
