// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/internal/beast_exchange.h>

#include <limits>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>

#include <weft/handlers/handler.h>

namespace weft::internal {
namespace {

namespace http = boost::beast::http;

std::string_view View(boost::beast::string_view text) { return {text.data(), text.size()}; }
boost::beast::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// What says how a message is framed, or how a connection goes on: weft's own affair.
bool IsOfTheConnection(http::field name) {
  return name == http::field::connection || name == http::field::transfer_encoding || name == http::field::keep_alive ||
         name == http::field::proxy_connection || name == http::field::upgrade || name == http::field::trailer;
}

// A body that goes on to a ResponseWriter as it is parsed.
struct ForwardedBody {
  struct value_type {
    ResponseWriter* w = nullptr;
    Error failure;
  };
  class reader {
   public:
    template <bool kIsRequest, class Fields>
    reader(http::header<kIsRequest, Fields>&, value_type& to) : to_(to) {}
    void init(const boost::optional<std::uint64_t>&, boost::beast::error_code& ec) { ec = {}; }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, boost::beast::error_code& ec) {
      to_.failure = WriteBuffers(*to_.w, buffers);
      ec = to_.failure ? boost::beast::error_code(http::error::body_limit) : boost::beast::error_code();
      return boost::asio::buffer_size(buffers);
    }
    void finish(boost::beast::error_code& ec) { ec = {}; }

   private:
    value_type& to_;
  };
};

// The head of a generated response has come, and nothing of its body is read yet.
class GeneratedResponse {
 public:
  explicit GeneratedResponse(ResponseWriter& w) : w_(w) {
    parser_.header_limit(std::numeric_limits<std::uint32_t>::max());
    parser_.body_limit(boost::none);
    parser_.get().body().w = &w;
  }

  // Takes what it can of `bytes`, and returns how much that was.
  Result<std::size_t> Put(std::string_view bytes) {
    std::size_t used = 0;
    while (used < bytes.size() && !parser_.is_done()) {
      const bool in_head = !parser_.is_header_done();
      boost::beast::error_code ec;
      const std::size_t n = parser_.put(boost::asio::buffer(bytes.data() + used, bytes.size() - used), ec);
      used += n;
      if (Error err = parser_.get().body().failure) return err;
      if (ec == http::error::need_more) break;
      if (ec) return Error(ec).Wrap("the response of a message_generator");
      if (in_head && parser_.is_header_done()) {
        if (Error err = FillFromBeast(w_, parser_.get().result_int(), parser_.get().base())) return err;
      }
      if (n == 0) break;
    }
    return used;
  }
  bool Done() const { return parser_.is_done(); }

 private:
  ResponseWriter& w_;
  http::response_parser<ForwardedBody> parser_;
};

}  // namespace

void FillBeastRequest(const Request& r, http::request_header<>& header) {
  header.method_string(View(r.Method()));
  header.target(View(r.Target()));
  const auto [major, minor] = r.Version();
  header.version(major == 1 ? 10 + static_cast<unsigned>(minor) : 11);
  for (const Fields::Field& field : r.Header()) header.insert(View(field.name), View(field.value));
  if (header.find(http::field::host) == header.end() && !r.Host().empty()) header.set(http::field::host, View(r.Host()));
}

Error BeastBodyError(const boost::beast::error_code& ec) {
  if (ec == http::error::unexpected_body) return HttpError(400, "this takes no body");
  if (ec == http::error::buffer_overflow || ec == http::error::body_limit) return HttpError(413);
  return Error(ec).Wrap("the body of the request");
}

Error FillFromBeast(ResponseWriter& w, unsigned status, const http::fields& fields) {
  if (status < 200 || status > 999) return Error::New("a function for FromBeast has responded " + std::to_string(status));
  for (const auto& field : fields) {
    if (!IsOfTheConnection(field.name())) w.Header().Add(View(field.name_string()), View(field.value()));
  }
  if (http::token_list(fields[http::field::connection]).exists("close")) w.Header().Set("Connection", "close");
  w.WriteHeader(static_cast<int>(status));
  return {};
}

Error WriteBeastResponse(ResponseWriter& w, http::message_generator&& response) {
  GeneratedResponse generated(w);
  std::string rest;  // what could not be parsed yet: a part of a line
  while (!response.is_done() && !generated.Done()) {
    boost::beast::error_code ec;
    const auto buffers = response.prepare(ec);
    if (ec) return Error(ec).Wrap("a message_generator");
    std::size_t size = 0;
    for (const boost::asio::const_buffer& buffer : buffers) {
      size += buffer.size();
      std::string_view bytes(static_cast<const char*>(buffer.data()), buffer.size());
      if (!rest.empty()) bytes = rest.append(bytes);
      const Result<std::size_t> used = generated.Put(bytes);
      if (Error err = used.Err()) return err;
      rest = std::string(bytes.substr(*used));
    }
    response.consume(size);
  }
  return {};
}

}  // namespace weft::internal
