// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include <weft/handlers/testing.h>

namespace weft {

RequestBuilder::RequestBuilder(std::string method, std::string target)
    : method_(std::move(method)), target_(std::move(target)) {}

RequestBuilder& RequestBuilder::Header(std::string_view name, std::string_view value) {
  header_.push_back({std::string(name), std::string(value)});
  return *this;
}

RequestBuilder& RequestBuilder::Host(std::string host) {
  host_ = std::move(host);
  return *this;
}

RequestBuilder& RequestBuilder::Body(std::string body) {
  body_ = {std::move(body)};
  body_declared_ = true;
  return *this;
}

RequestBuilder& RequestBuilder::BodyInPieces(std::vector<std::string> pieces) {
  body_ = std::move(pieces);
  body_declared_ = false;
  return *this;
}

RequestBuilder& RequestBuilder::BodyError(Error error) {
  body_error_ = std::move(error);
  return *this;
}

RequestBuilder& RequestBuilder::BodyLimit(std::uint64_t bytes) {
  body_limit_ = bytes;
  return *this;
}

RequestBuilder& RequestBuilder::Trailer(std::string_view name, std::string_view value) {
  trailer_.push_back({std::string(name), std::string(value)});
  return *this;
}

RequestBuilder& RequestBuilder::Context(weft::Context ctx) {
  ctx_ = std::move(ctx);
  return *this;
}

RequestBuilder& RequestBuilder::Draining(weft::Context ctx) {
  draining_ = std::move(ctx);
  return *this;
}

RequestBuilder& RequestBuilder::Peer(std::string peer) {
  peer_ = std::move(peer);
  return *this;
}

RequestBuilder& RequestBuilder::Version(int major, int minor) {
  version_major_ = major;
  version_minor_ = minor;
  return *this;
}

RequestBuilder& RequestBuilder::Secure(bool secure) {
  secure_ = secure;
  return *this;
}

}  // namespace weft
