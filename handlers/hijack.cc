// SPDX-License-Identifier: Apache-2.0
//
// How a handler takes over its connection, and what an upgrade to another protocol needs.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <weft/handlers/access.h>
#include <weft/handlers/handler.h>
#include <weft/handlers/request.h>
#include <weft/handlers/response_writer.h>
#include <weft/handlers/server_side.h>
#include <weft/http/internal/text.h>

namespace weft {
namespace {

// The elements of all fields of this name, each a comma-separated list (RFC 9110 section 5.6.1).
std::vector<std::string_view> ElementsOf(const Fields& fields, std::string_view name) {
  std::vector<std::string_view> elements;
  for (const std::string_view list : fields.Values(name)) {
    internal::ForEachElement(list, [&](std::string_view element) {
      elements.push_back(element);
      return true;
    });
  }
  return elements;
}

bool HasElement(const Fields& fields, std::string_view name, std::string_view wanted) {
  for (const std::string_view element : ElementsOf(fields, name)) {
    if (internal::EqualsIgnoreCase(element, wanted)) return true;
  }
  return false;
}

// RFC 9110 sections 7.8 and 15.2.2.
Error PrepareSwitch(const Request& r, Fields& response) {
  const std::vector<std::string_view> protocols = ElementsOf(response, "Upgrade");
  if (protocols.empty()) return Error::New("Hijack: a 101 response must name the new protocol in its Upgrade field");
  if (!HasElement(response, "Connection", "upgrade")) response.Add("Connection", "Upgrade");
  for (const std::string_view protocol : protocols) {
    if (!r.OffersUpgrade(protocol)) return HttpError(426, "this resource speaks " + std::string(protocol));
  }
  return {};
}

}  // namespace

bool Request::OffersUpgrade(std::string_view protocol) const {
  if (version_major_ == 1 && version_minor_ == 0) return false;  // RFC 9110 section 7.8: it is ignored there
  return HasElement(Header(), "Connection", "upgrade") && HasElement(Header(), "Upgrade", protocol);
}

Error RequestAccess::PrepareHijack(const Request& r, int status, Fields& response, bool body_read) {
  if (!body_read) return Error::New("Hijack: the body of the request has not been read to its end");
  return status == 101 ? PrepareSwitch(r, response) : Error();
}

Result<Stream> ResponseWriter::Hijack() {
  CheckMayWrite("ResponseWriter::Hijack");
  if (failure_) return failure_;
  if (state_ == State::kHijacked) return Taken();
  const bool switches = PromisesOtherProtocol();
  if (state_ != State::kBuffering || extras_.filters.Started() || written_ > 0 || (status_ != 0 && !switches)) {
    return Error::New("Hijack: the response has begun; call it before anything is written");
  }
  if (Error err = sink_->MayHijack(status_, header_)) return err;
  if (switches) {
    RunHooks();
    if (failure_) return failure_;
    if (Error err = sink_->MayHijack(status_, header_)) return err;  // a hook may have changed it
  }
  Result<StreamTransport*> transport = sink_->Hijack(status_, header_);
  if (Error err = Fail(transport.Err())) return err;
  if (status_ == 0) status_ = connect_ ? 200 : 101;
  head_sent_ = true;
  state_ = State::kHijacked;
  return extras_.Use().stream.Lend(**transport, scope_);
}

bool ResponseWriter::Hijacked() const {
  Check("ResponseWriter::Hijacked");
  return extras_.stream.Lent();
}

Error ResponseWriter::Taken() { return kClosed.Wrap("the connection was taken over by Hijack"); }

std::uint64_t ResponseWriter::BytesWritten() const {
  Check("ResponseWriter::BytesWritten");
  return extras_.stream.Lent() ? extras_.stream.BytesWritten() : written_;
}

}  // namespace weft
