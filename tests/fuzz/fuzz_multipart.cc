// SPDX-License-Identifier: Apache-2.0
//
// Forms with files. The input is the body of one, with the boundary "b". The scanner finds the same
// parts however the bytes are cut, the parts that a plain second reading finds, and nothing outside
// of the bytes; the reader above it ends, and needs no more than its window.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weft/handlers/content/multipart.h>
#include <weft/handlers/testing.h>
#include <weft/http/internal/multipart_scanner.h>

#include "fuzz.h"

namespace weft::fuzz {
namespace {

using internal::MultipartScanner;
using Step = MultipartScanner::Step;

constexpr std::string_view kBoundary = "b";
constexpr std::size_t kHeadMax = 200;

struct Part {
  std::string head;
  std::string content;
  bool operator==(const Part&) const = default;
};

struct Scanned {
  bool good = false;
  std::vector<Part> parts;  // of a bad body: what came before
};

// Shows the scanner what has come, as a reader with a buffer would.
class Feed {
 public:
  void Add(std::string_view piece, bool at_end) {
    bytes_ += piece;
    while (!ended_) {
      const ExactCopy shown(bytes_);
      const MultipartScanner::Found found = scanner_.Next(shown.View(), at_end);
      FUZZ_CHECK(found.consumed <= bytes_.size(), "no more is consumed than there is");
      FUZZ_CHECK(IsInside(found.data, shown.View()), "data lies inside the bytes");
      Take(found);
      bytes_.erase(0, found.consumed);
      if (found.step != Step::kNeedMore) continue;
      FUZZ_CHECK(!at_end, "at the end nothing more is needed");
      FUZZ_CHECK(bytes_.size() < scanner_.Window(), "what it has to see again is bounded");
      return;
    }
  }
  Scanned result;

 private:
  void Take(const MultipartScanner::Found& found) {
    switch (found.step) {
      case Step::kNeedMore: break;
      case Step::kHead: result.parts.push_back({std::string(found.data), {}}); break;
      case Step::kData:
        FUZZ_CHECK(!found.data.empty() && found.data.size() == found.consumed,
                   "content is consumed");
        result.parts.back().content += found.data;
        break;
      case Step::kPartEnd: break;
      case Step::kEnd: result.good = ended_ = true; break;
      case Step::kBad:
        FUZZ_CHECK(found.why != nullptr, "a refusal has a reason");
        ended_ = true;
        break;
    }
  }

  MultipartScanner scanner_{kBoundary, kHeadMax};
  std::string bytes_;
  bool ended_ = false;
};

Scanned Scan(std::string_view body, std::optional<Pieces::How> how) {
  Feed feed;
  if (!how) {
    feed.Add(body, true);
    return feed.result;
  }
  Pieces pieces(body, *how);
  for (std::string_view piece; pieces.Next(piece);) feed.Add(piece, false);
  feed.Add({}, true);
  return feed.result;
}

// The same once more, with all of the body at hand and no thought of speed. Nothing: it is bad.
std::optional<std::vector<Part>> ReadPlainly(const std::string& body) {
  const std::string text = "\r\n" + body;
  std::vector<Part> parts;
  std::size_t at = text.find("\r\n--b");
  while (at != std::string::npos) {
    std::size_t end = at + 5;
    const bool last = text.compare(end, 2, "--") == 0;
    if (last) end += 2;
    const std::size_t blanks = std::min(text.find_first_not_of(" \t", end), text.size()) - end;
    end += blanks;
    if (blanks > 64 || (text.compare(end, 2, "\r\n") != 0 && !(last && end == text.size()))) {
      return std::nullopt;
    }
    if (last) return parts;
    end += 2;
    const std::size_t blank_line =
        text.compare(end, 2, "\r\n") == 0 ? end - 2 : text.find("\r\n\r\n", end);
    if (blank_line == std::string::npos || blank_line + 2 - end > kHeadMax) return std::nullopt;
    // The line feed before a boundary may be the one that ends the head.
    at = text.find("\r\n--b", blank_line + 2);
    if (at == std::string::npos) return std::nullopt;
    const std::size_t content = blank_line + 4;
    parts.push_back({text.substr(end, blank_line + 2 - end),
                     at > content ? text.substr(content, at - content) : std::string()});
  }
  return std::nullopt;
}

void ReadAll(const std::string& body) {
  Recorder recorder;
  recorder.Serve(
      [](ResponseWriter&, Request& r) -> Error {
        MultipartReader reader(r);
        for (std::size_t parts = 0;; ++parts) {
          const Result<MultipartPart*> part = reader.Next(r.Ctx());
          if (Error err = part.Err()) return err;
          if (*part == nullptr) return {};
          FUZZ_CHECK(parts < 1000, "there are no more parts than allowed");
          FUZZ_CHECK((*part)->FileName().find_first_of("/\\") == std::string_view::npos,
                     "the name of a file is no path");
          if (parts % 2 == 0) continue;
          const Result<std::string> content = (*part)->ReadAll(r.Ctx(), 1000);
          if (Error err = content.Err()) return err;
        }
      },
      RequestBuilder("POST").Header("Content-Type", "multipart/form-data; boundary=b").Body(body));
  const int status = recorder.Status();
  FUZZ_CHECK(status == 200 || status == 400 || status == 413, "a form is read or refused");
}

void Play(const std::string& body) {
  const Scanned whole = Scan(body, std::nullopt);
  for (const Pieces::How how : Pieces::kAll) {
    const Scanned pieces = Scan(body, how);
    FUZZ_CHECK(pieces.good == whole.good, "pieces get the verdict of the whole");
    FUZZ_CHECK(!whole.good || pieces.parts == whole.parts, "pieces give the parts of the whole");
  }
  const std::optional<std::vector<Part>> plainly = ReadPlainly(body);
  FUZZ_CHECK(plainly.has_value() == whole.good, "a plain reading comes to the same verdict");
  FUZZ_CHECK(!whole.good || *plainly == whole.parts, "a plain reading finds the same parts");
  ReadAll(body);
}

}  // namespace
}  // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weft::fuzz::Play(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
