// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/request.h>

#include <weft/handlers/server_side.h>
#include <weft/http/internal/percent.h>

namespace weft {

constinit const Context internal::kNoContext;

RequestContextScope::RequestContextScope(Request& request, Context ctx)
    : request_(request),
      current_(std::move(ctx)),
      previous_(request.ctx_),
      scoped_(current_) {
  request_.ctx_ = request_.body_.ctx_ = &current_;
  if (request_.hooks_ != nullptr) request_.hooks_->ContextChanged();
}

RequestContextScope::~RequestContextScope() {
  request_.ctx_ = request_.body_.ctx_ = previous_;
  if (request_.hooks_ != nullptr) request_.hooks_->ContextChanged();
}

void Request::FillHeader() const {
  header_.Clear();  // it may have failed before, for want of memory
  hooks_->FillHeader(header_);
  header_waits_ = false;
}

bool Request::LongLived() {
  if (!long_lived_) long_lived_ = hooks_ == nullptr || hooks_->LongLived();
  return long_lived_;
}

std::string Request::Peer() const {
  if (!forwarded_peer_.empty()) return forwarded_peer_;
  return hooks_ != nullptr ? hooks_->Peer() : std::string();
}

const TlsInfo* Request::Tls() const { return hooks_ != nullptr ? hooks_->Tls() : nullptr; }

std::optional<std::string_view> Request::Query(std::string_view name) const {
  if (raw_query_.empty()) return std::nullopt;
  ParseQuery();
  for (const Parameter& parameter : query_) {
    if (parameter.name == name) return parameter.value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Request::QueryValues(std::string_view name) const {
  ParseQuery();
  std::vector<std::string_view> values;
  for (const Parameter& parameter : query_) {
    if (parameter.name == name) values.push_back(parameter.value);
  }
  return values;
}

std::string_view Request::PathValue(std::string_view name) const {
  for (std::size_t i = path_values_.size(); i > 0; --i) {  // an inner Mux hides the values of an outer one
    if (path_values_[i - 1].name == name) return path_values_[i - 1].value;
  }
  return {};
}

void Request::ParseQuery() const {
  if (std::exchange(query_parsed_, true)) return;
  extended_ = true;
  decoded_query_.reserve(raw_query_.size());  // nothing grows by decoding, so the views below do not move
  const auto decoded = [this](std::string_view text) -> std::optional<std::string_view> {
    if (text.find_first_of("%+") == std::string_view::npos) return text;
    const std::size_t start = decoded_query_.size();
    if (!internal::AppendDecodedQuery(text, decoded_query_)) return std::nullopt;
    return std::string_view(decoded_query_).substr(start);
  };
  std::string_view rest = raw_query_;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    if (pair.empty() || pair.find(';') != std::string_view::npos) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const auto name = decoded(pair.substr(0, equals));
    const auto value = decoded(pair.substr(std::min(equals + 1, pair.size())));
    if (name && value) query_.push_back({*name, *value});
  }
}

}  // namespace weft
