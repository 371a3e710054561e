// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/multipart.h>

#include <algorithm>
#include <cstring>

#include <weft/handlers/content/internal/field_parameters.h>
#include <weft/handlers/content/internal/plain_body.h>
#include <weft/handlers/handler.h>
#include <weft/http/internal/char_class.h>
#include <weft/http/internal/multipart_scanner.h>
#include <weft/http/internal/text.h>

namespace weft {
namespace {

using internal::MultipartScanner;

constexpr std::size_t kBufferMin = 16 * 1024;

Error Malformed(std::string_view what) {
  return HttpError(400, "multipart/form-data: " + std::string(what));
}

Error NoName() { return Malformed("a part has no Content-Disposition: form-data with a name"); }

// The parameter of this name; its extended form takes precedence. Empty: there is none. A parameter
// that cannot be read, such as a second one or one in pieces (RFC 2231), is an error: if it were
// ignored, a file would be taken for a field.
Result<std::optional<std::string>> ParameterOf(const internal::FieldParameters& disposition, const std::string& name) {
  const internal::FieldParameters::Forms forms = disposition.FormsOf(name);
  if (forms.in_pieces || forms.plain > 1 || forms.extended > 1) {
    return Malformed("a part has its " + name + " twice or in pieces");
  }
  if (forms.extended == 0) return disposition.Get(name);
  std::optional<std::string> decoded = internal::DecodeExtended(disposition.Get(name + "*").value_or(""));
  if (!decoded) return Malformed("a part has a " + name + "* that is not UTF-8''... (RFC 8187)");
  return decoded;
}

std::string_view LastComponent(std::string_view path) {
  path.remove_prefix(path.find_last_of("/\\") + 1);  // npos + 1 is 0
  return path == "." || path == ".." ? std::string_view() : path;
}

}  // namespace

struct MultipartReader::State {
  State(std::string_view boundary, std::size_t head_max)
      : scanner(boundary, head_max),
        size(std::max(kBufferMin, scanner.Window())),
        buffer(new char[size]) {}

  std::string_view Bytes() const { return {buffer.get() + begin, end - begin}; }

  MultipartScanner scanner;
  const std::size_t size;
  const std::unique_ptr<char[]> buffer;
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t content = 0;  // this many bytes from `begin` on are known to be content of the part
  bool body_ended = false;
};

std::string_view MultipartPart::ContentType() const {
  const std::string_view type = header_.Get("Content-Type");
  return type.empty() ? "text/plain" : type;
}

Result<std::size_t> MultipartPart::Read(const Context& ctx, std::span<char> buffer) {
  return reader_.ReadPart(ctx, buffer);
}

Result<std::string> MultipartPart::ReadAll(const Context& ctx, std::size_t max) {
  constexpr std::size_t kPiece = 4096;
  std::string all;
  while (true) {
    const std::size_t used = all.size();
    // One byte beyond the limit is enough to detect that the part exceeds it.
    all.resize(used + std::min(std::max(kPiece, used), max - used) + 1);
    const Result<std::size_t> n = Read(ctx, std::span(all).subspan(used));
    if (Error err = n.Err()) return err;
    all.resize(used + *n);
    if (*n == 0) {
      all.shrink_to_fit();  // a caller that keeps many small ones pays only for their bytes
      return all;
    }
    if (all.size() > max) return kTooLarge.Wrap("a part of the form");
  }
}

MultipartReader::MultipartReader(Request& r, MultipartOptions options)
    : request_(r), options_(options), part_(*this) {}

MultipartReader::~MultipartReader() = default;

Error MultipartReader::Fail(Error error) {
  failure_ = error;
  in_part_ = false;
  return error;
}

Error MultipartReader::Begin() {
  const internal::FieldParameters type(request_.Header().Get("Content-Type"));
  if (!internal::EqualsIgnoreCase(type.First(), "multipart/form-data")) {
    return HttpError(415, "the body must be a form, with Content-Type: multipart/form-data");
  }
  if (Error err = internal::CheckPlain(request_)) return err;
  const std::optional<std::string> boundary = type.Get("boundary");
  if (!boundary || !MultipartScanner::IsBoundary(*boundary)) {
    return Malformed("the Content-Type has no boundary");
  }
  state_ = std::make_unique<State>(*boundary, options_.part_head_bytes_max);
  return {};
}

// Reads more of the body; sees its end.
Error MultipartReader::Fill(const Context& ctx) {
  State& state = *state_;
  std::memmove(state.buffer.get(), state.buffer.get() + state.begin, state.end - state.begin);
  state.end -= state.begin;
  state.begin = 0;
  const Result<std::size_t> n =
      request_.Body().Read(ctx, {state.buffer.get() + state.end, state.size - state.end});
  if (Error err = n.Err()) return err;
  state.body_ended = *n == 0;
  state.end += *n;
  return {};
}

Result<MultipartPart*> MultipartReader::Next(const Context& ctx) {
  using Step = MultipartScanner::Step;
  if (failure_) return failure_;
  if (state_ == nullptr) {
    if (Error err = Begin()) return Fail(err);
  }
  State& state = *state_;
  while (!ended_) {
    state.begin += std::exchange(state.content, 0);
    const MultipartScanner::Found found = state.scanner.Next(state.Bytes(), state.body_ended);
    state.begin += found.consumed;
    switch (found.step) {
      case Step::kNeedMore:
        if (Error err = Fill(ctx)) return err;
        break;
      case Step::kData: break;
      case Step::kPartEnd: in_part_ = false; break;
      case Step::kBad: return Fail(Malformed(found.why));
      case Step::kEnd: ended_ = true; break;
      case Step::kHead:
        if (Error err = TakeHead(found.data)) return Fail(err);
        in_part_ = true;
        return &part_;
    }
  }
  return nullptr;
}

Result<std::size_t> MultipartReader::ReadPart(const Context& ctx, std::span<char> buffer) {
  using Step = MultipartScanner::Step;
  if (failure_) return failure_;
  State& state = *state_;
  while (in_part_ && state.content == 0) {
    const MultipartScanner::Found found = state.scanner.Next(state.Bytes(), state.body_ended);
    if (found.step == Step::kData) {
      state.content = found.consumed;
      break;
    }
    state.begin += found.consumed;
    if (found.step == Step::kBad) return Fail(Malformed(found.why));
    if (found.step == Step::kPartEnd) in_part_ = false;
    if (found.step != Step::kNeedMore) continue;
    if (Error err = Fill(ctx)) return err;
  }
  const std::size_t taken = std::min(state.content, buffer.size());
  if (taken > 0) std::memcpy(buffer.data(), state.Bytes().data(), taken);
  state.begin += taken;
  state.content -= taken;
  return taken;
}

Error MultipartReader::TakeHead(std::string_view head) {
  if (++parts_ > options_.parts_max) {
    return HttpError(413, "multipart/form-data: there are more than " +
                              std::to_string(options_.parts_max) + " parts");
  }
  part_.header_.Clear();
  part_.file_name_.reset();
  if (Error err = TakeFields(head)) return err;
  const internal::FieldParameters disposition(part_.header_.Get("Content-Disposition"));
  if (!internal::EqualsIgnoreCase(disposition.First(), "form-data")) return NoName();
  Result<std::optional<std::string>> name = ParameterOf(disposition, "name");
  if (Error err = name.Err()) return err;
  if (!*name) return NoName();
  part_.name_ = **std::move(name);
  Result<std::optional<std::string>> path = ParameterOf(disposition, "filename");
  if (Error err = path.Err()) return err;
  if (*path) part_.file_name_ = LastComponent(**path);
  const std::string_view encoding = part_.header_.Get("Content-Transfer-Encoding");
  for (const std::string_view same : {"", "7bit", "8bit", "binary"}) {
    if (internal::EqualsIgnoreCase(encoding, same)) return {};
  }
  return Malformed(
      "a part has a Content-Transfer-Encoding, which is not supported (RFC 7578 section 4.7)");
}

Error MultipartReader::TakeFields(std::string_view head) {
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(line.size() + 2);
    const std::size_t colon = std::min(line.find(':'), line.size());
    // Fields checks names and values; a name that occurs twice could be read in two ways.
    const std::string_view name = line.substr(0, colon);
    if (colon == line.size() || part_.header_.Has(name) ||
        !part_.header_.Add(name, line.substr(colon + 1))) {
      return Malformed("the head of a part has a line that is not a field, or a field twice");
    }
    if (part_.header_.Size() > options_.part_fields_max) {
      return Malformed("the head of a part has too many fields");
    }
    if (++fields_ > options_.fields_max) {
      return HttpError(413, "multipart/form-data: the heads of the parts have more than " +
                                std::to_string(options_.fields_max) + " fields");
    }
  }
  return {};
}

}  // namespace weft
