// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/internal/beast_exchange.h>

#include <string>
#include <utility>

#include <boost/beast/http/rfc7230.hpp>

#include <weft/handlers/handler.h>
#include <weft/handlers/internal/generated_response.h>
#include <weft/http/internal/text.h>

namespace weft::internal {
namespace {

namespace http = boost::beast::http;

std::string_view View(boost::beast::string_view text) { return {text.data(), text.size()}; }
boost::beast::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// The fields that say how a message is framed, or whether a connection continues: weft sets these.
bool IsOfTheConnection(http::field name) {
  return name == http::field::connection || name == http::field::transfer_encoding || name == http::field::keep_alive ||
         name == http::field::proxy_connection || name == http::field::upgrade || name == http::field::trailer;
}

}  // namespace

void FillBeastRequest(const Request& r, http::request_header<>& header) {
  header.method_string(View(r.Method()));
  header.target(View(r.Target()));
  const auto [major, minor] = r.Version();
  header.version(major == 1 ? 10 + static_cast<unsigned>(minor) : 11);
  bool has_host = false;
  for (const Fields::Field& field : r.Header()) {
    has_host = has_host || EqualsIgnoreCase(field.name, "host");
    header.insert(View(field.name), View(field.value));
  }
  if (!has_host && !r.Host().empty()) header.set(http::field::host, View(r.Host()));
}

Error BeastBodyError(const boost::beast::error_code& ec) {
  if (ec == http::error::unexpected_body) return HttpError(400, "this resource takes no body");
  if (ec == http::error::buffer_overflow || ec == http::error::body_limit) return HttpError(413);
  return Error(ec).Wrap("the body of the request");
}

Error FillFromBeast(ResponseWriter& w, unsigned status, const http::fields& fields) {
  if (Error err = CheckBeastStatus(status)) return err;
  Fields& to = w.Header();
  const std::size_t before = to.Size();
  bool close = false;
  for (const auto& field : fields) {
    const http::field name = field.name();
    if (name == http::field::connection) close = close || http::token_list(field.value()).exists("close");
    if (IsOfTheConnection(name) || to.Add(View(field.name_string()), View(field.value()))) continue;
    Error failure = Error::New("the response of a function for FromBeast: " + std::string(to.Refused()));
    TakeBackFields(to, before);
    return failure;
  }
  if (close) to.Set("Connection", "close");
  w.WriteHeader(static_cast<int>(status));
  return {};
}

Error WriteBeastResponse(ResponseWriter& w, http::message_generator&& response) {
  GeneratedResponse generated(w);
  while (!response.is_done()) {
    boost::beast::error_code ec;
    const auto buffers = response.prepare(ec);
    if (ec) return generated.TakenBack(Error(ec).Wrap("a message_generator"));
    std::size_t size = 0;
    for (const boost::asio::const_buffer& buffer : buffers) {
      size += buffer.size();
      if (buffer.size() == 0) continue;
      if (Error err = generated.Put({static_cast<const char*>(buffer.data()), buffer.size()})) return generated.TakenBack(std::move(err));
    }
    // To note what was consumed a generator goes through all of its buffers again. One that is not asked again need not know.
    if (generated.Done()) return {};
    response.consume(size);
  }
  return generated.HeadDone() ? Error() : generated.TakenBack(Error::New("a message_generator without a response"));
}

}  // namespace weft::internal
