// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_INTERNAL_BEAST_EXCHANGE_H_
#define WEFT_HANDLERS_INTERNAL_BEAST_EXCHANGE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/file_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/message_generator.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/optional/optional.hpp>

#include <weft/concurrency/error.h>
#include <weft/handlers/request.h>
#include <weft/handlers/response_writer.h>

// A request into Beast's message, and Beast's response into a ResponseWriter.

namespace weft::internal {

inline constexpr std::size_t kBeastPiece = 2 * 1024;  // on the stack

// All but the body.
void FillBeastRequest(const Request& r, boost::beast::http::request_header<>& header);
// What a handler returns where a body cannot be what the function wants.
Error BeastBodyError(const boost::beast::error_code& ec);
template <class Body>
Error ReadBeastRequest(Request& r, boost::beast::http::request<Body>& request) {
  FillBeastRequest(r, request);
  if constexpr (std::is_same_v<Body, boost::beast::http::string_body>) {
    Result<std::string> all = r.Body().ReadAll();
    if (Error err = all.Err()) return err;
    request.body() = *std::move(all);
    return {};
  }
  typename Body::reader reader(request.base(), request.body());
  boost::beast::error_code ec;
  const std::optional<std::uint64_t> length = r.Body().Declared();
  reader.init(length ? boost::optional<std::uint64_t>(*length) : boost::none, ec);
  if (ec) return BeastBodyError(ec);
  std::array<char, kBeastPiece> piece;
  for (;;) {
    const Result<std::size_t> n = r.Body().Read(piece);
    if (Error err = n.Err()) return err;
    if (*n == 0) break;
    boost::asio::const_buffer rest(piece.data(), *n);
    while (rest.size() > 0) {
      rest += reader.put(rest, ec);
      if (ec) return BeastBodyError(ec);
    }
  }
  reader.finish(ec);
  return ec ? BeastBodyError(ec) : Error();
}

// Status and fields. An Error: the response is none that a handler may give.
Error FillFromBeast(ResponseWriter& w, unsigned status, const boost::beast::http::fields& fields);

template <class Buffers>
Error WriteBuffers(ResponseWriter& w, const Buffers& buffers) {
  for (auto it = boost::asio::buffer_sequence_begin(buffers); it != boost::asio::buffer_sequence_end(buffers); ++it) {
    const boost::asio::const_buffer buffer(*it);
    if (Error err = w.Write({static_cast<const char*>(buffer.data()), buffer.size()})) return err;
  }
  return {};
}

template <class Body>
Error WriteBeastResponse(ResponseWriter& w, boost::beast::http::response<Body>&& response) {
  if (Error err = FillFromBeast(w, response.result_int(), response.base())) return err;
  if constexpr (std::is_same_v<Body, boost::beast::http::basic_file_body<boost::beast::file_posix>>) {
    auto& file = response.body();
    if (file.is_open()) {
      boost::beast::error_code ec;
      const std::uint64_t from = file.file().pos(ec);
      if (ec) return Error(ec).Wrap("file_body");
      return file.size() > from ? w.SendFile(file.file().native_handle(), from, file.size() - from) : Error();
    }
  } else {
    typename Body::writer writer(response.base(), response.body());
    boost::beast::error_code ec;
    writer.init(ec);
    while (!ec) {
      auto piece = writer.get(ec);
      if (ec || !piece) break;
      if (Error err = WriteBuffers(w, piece->first)) return err;
      if (!piece->second) break;
    }
    if (ec) return Error(ec).Wrap("the body of the response");
  }
  return {};
}

// Its bytes are read again, since it reveals nothing but these.
Error WriteBeastResponse(ResponseWriter& w, boost::beast::http::message_generator&& response);

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_INTERNAL_BEAST_EXCHANGE_H_
