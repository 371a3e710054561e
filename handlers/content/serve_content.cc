// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/serve_content.h>

#include <string>

#include <weft/handlers/content/internal/content_source.h>
#include <weft/handlers/content/internal/range_parts.h>
#include <weft/handlers/handler.h>
#include <weft/handlers/internal/body_fields.h>
#include <weft/http/conditional.h>
#include <weft/http/date.h>
#include <weft/http/internal/byte_ranges.h>
#include <weft/http/internal/single_field.h>
#include <weft/http/media_type.h>

namespace weft {
namespace {

using internal::ByteRange;
using internal::ByteRanges;
using Source = internal::ContentSource;

constexpr std::size_t kSniffed = 512;

// The validators, those of the handler or else of `info`, are sent and compared with the conditions.
Validators SetValidators(Fields& header, const ContentInfo& info) {
  Validators current;
  if (header.Has("Last-Modified")) {
    current.modified = ParseHttpDate(header.Get("Last-Modified"));
  } else if (info.modified) {
    if (const std::string date = FormatHttpDate(*info.modified); !date.empty()) {
      header.Set("Last-Modified", date);
      current.modified = info.modified;
    }
  }
  if (!info.etag.empty() && !header.Has("ETag")) header.Set("ETag", info.etag);
  current.etag = header.Get("ETag");
  return current;
}

// The first bytes of encoded content say nothing about the type, and of a file that cannot be read there are none.
std::string_view TypeOf(const Fields& header, const Request& r, const ContentInfo& info,
                        const Source& source) {
  constexpr std::string_view kUnknown = "application/octet-stream";
  if (const std::string_view type = MediaTypeOfName(info.name); !type.empty()) return type;
  if (header.Has("Content-Encoding")) return kUnknown;
  char buffer[kSniffed];
  const std::string_view first = source.First(r.Ctx(), buffer);
  return first.empty() && source.Size() > 0 ? kUnknown : DetectContentType(first);
}

// RFC 9110 section 15.4.5: a cache has everything except the fields that identify versions and say how to keep them.
Error SendNotModified(ResponseWriter& w) {
  Fields& header = w.Header();
  for (const char* name :
       {"Content-Type", "Content-Length", "Content-Encoding", "Content-Language"})
    header.Del(name);
  if (header.Has("ETag")) header.Del("Last-Modified");
  w.WriteHeader(304);
  return {};
}

Error SendUnsatisfiable(ResponseWriter& w, std::uint64_t size) {
  Fields& header = w.Header();
  internal::DeleteBodyFields(header);
  header.Set("Content-Range", internal::UnsatisfiedRange(size));
  header.Set("Content-Type", "text/plain; charset=utf-8");
  w.WriteHeader(416);
  return w.Write("Range Not Satisfiable\n");
}

Error SendParts(ResponseWriter& w, const Source& source, const ByteRanges& ranges) {
  const std::string type(w.Header().Get("Content-Type"));
  const internal::RangeParts parts(ranges, type, source.Size());
  w.Header().Set("Content-Type", parts.ContentType());
  w.Header().Set("Content-Length", std::to_string(parts.Length()));
  w.WriteHeader(206);
  for (const ByteRange& range : ranges.Parts()) {
    if (Error err = w.Write(parts.Head(range))) return err;
    if (Error err = source.Send(w, range)) return err;
  }
  return w.Write(parts.End());
}

Error SendPart(ResponseWriter& w, const Source& source, const ByteRange& range) {
  w.Header().Set("Content-Range", internal::ContentRange(range, source.Size()));
  w.Header().Set("Content-Length", std::to_string(range.length));
  w.WriteHeader(206);
  return source.Send(w, range);
}

Error SendWhole(ResponseWriter& w, const Request& r, const Source& source) {
  w.Header().Set("Content-Length", std::to_string(source.Size()));
  w.WriteHeader(200);
  if (r.Method() == "HEAD" || source.Size() == 0) return {};
  return source.Send(w, {0, source.Size()});
}

Error Serve(ResponseWriter& w, const Request& r, const ContentInfo& info, const Source& source) {
  const Validators current = SetValidators(w.Header(), info);
  switch (CheckPreconditions(r.Method(), r.Header(), current)) {
    case Precondition::kNotModified:
      return SendNotModified(w);
    case Precondition::kFailed:
      return HttpError(412);
    case Precondition::kProceed:
      break;
  }
  if (!w.Header().Has("Content-Type"))
    w.Header().Set("Content-Type", TypeOf(w.Header(), r, info, source));
  w.Header().Set("Accept-Ranges", "bytes");
  // RFC 9110 section 14.2: only GET has ranges.
  const std::optional<std::string_view> asked =
      r.Method() == "GET" ? internal::SingleValue(r.Header(), "Range") : std::nullopt;
  if (!asked || !RangeIsForCurrent(r.Header(), current)) return SendWhole(w, r, source);
  ByteRanges ranges;
  switch (ranges.Parse(*asked, source.Size())) {
    case ByteRanges::Verdict::kUnsatisfiable:
      return SendUnsatisfiable(w, source.Size());
    case ByteRanges::Verdict::kParts:
      break;
    case ByteRanges::Verdict::kWhole:
      return SendWhole(w, r, source);
  }
  return ranges.Parts().size() == 1 ? SendPart(w, source, ranges.Parts().front())
                                    : SendParts(w, source, ranges);
}

}  // namespace

Error ServeContent(ResponseWriter& w, const Request& r, const ContentInfo& info,
                   std::string_view data) {
  return Serve(w, r, info, internal::TextSource(data));
}

Error ServeContent(ResponseWriter& w, const Request& r, const ContentInfo& info, int fd,
                   std::uint64_t size) {
  return Serve(w, r, info, internal::FileSource(fd, size));
}

}  // namespace weft
