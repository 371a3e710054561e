// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_LIVE_INTERNAL_BEAST_HANDSHAKE_H_
#define WEFT_HANDLERS_LIVE_INTERNAL_BEAST_HANDSHAKE_H_

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>

#include <weft/concurrency/error.h>
#include <weft/concurrency/result.h>

namespace weft::internal {

// Beast writes and reads the messages of its handshake here. What they say goes its own way: by a ResponseWriter, by an HttpClient.
struct BeastHandshake {
  // Sends a key, and returns what Sec-WebSocket-Accept says.
  using Exchange = std::function<Result<std::string>(const std::string& key)>;

  std::string FieldOf(std::string_view name) const {
    const std::size_t at = written.find(name);
    if (at == written.npos) return {};
    const std::size_t begin = at + name.size();
    return written.substr(begin, written.find("\r\n", begin) - begin);
  }
  std::size_t Read(std::span<char> buffer, boost::beast::error_code& ec) {
    if (exchange != nullptr) {
      const Result<std::string> accept = (*std::exchange(exchange, nullptr))(FieldOf("Sec-WebSocket-Key: "));
      failure = accept.Err();
      if (!failure) to_read = "HTTP/1.1 101 \r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: " + *accept + "\r\n\r\n";
    }
    const std::size_t n = std::min(buffer.size(), to_read.size());
    if (n == 0) ec = boost::asio::error::eof;
    to_read.copy(buffer.data(), n);
    to_read.erase(0, n);
    return n;
  }

  std::string written;
  const Exchange* exchange = nullptr;  // of a client
  Error failure;                       // of the exchange
  std::string to_read;
};

// `place` points to the handshake until the end of the scope, also if the exchange throws.
struct UnderWay {
  UnderWay(BeastHandshake*& p, BeastHandshake& to) : place(p) { place = &to; }
  ~UnderWay() { place = nullptr; }
  BeastHandshake*& place;
};

// The request that Beast checks and replies to. The fields of the real one have been checked already.
inline boost::beast::http::request<boost::beast::http::empty_body> UpgradeRequest(std::string_view key) {
  namespace http = boost::beast::http;
  http::request<http::empty_body> request{http::verb::get, "/", 11};
  request.set(http::field::host, "h");
  request.set(http::field::upgrade, "websocket");
  request.set(http::field::connection, "upgrade");
  request.set(http::field::sec_websocket_version, "13");
  request.set(http::field::sec_websocket_key, boost::beast::string_view(key.data(), key.size()));
  return request;
}

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_LIVE_INTERNAL_BEAST_HANDSHAKE_H_
