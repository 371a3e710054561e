// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http2/response_fields.h>

#include <charconv>

#include <weft/http/internal/http1/field_rules.h>
#include <weft/http/internal/text.h>

namespace weft::internal::http2 {

bool IsConnectionField(std::string_view name) {
  switch (name.size()) {
    case 7: return EqualsIgnoreCase(name, "upgrade");
    case 10: return EqualsIgnoreCase(name, "connection") || EqualsIgnoreCase(name, "keep-alive");
    case 16: return EqualsIgnoreCase(name, "proxy-connection");
    case 17: return EqualsIgnoreCase(name, "transfer-encoding");
    default: return false;
  }
}

const std::vector<Fields::Field>& ResponseFields::Of(const ResponseBlock& block) {
  list_.clear();
  const char* const end = std::to_chars(status_, status_ + sizeof status_, block.status).ptr;
  list_.push_back({":status", {status_, static_cast<std::size_t>(end - status_)}});
  bool has_date = false;
  bool has_type = false;
  if (block.fields != nullptr) {
    for (const Fields::Field& field : *block.fields) {
      if (IsConnectionField(field.name) || EqualsIgnoreCase(field.name, "content-length")) continue;
      // One with an empty value stands for none (ResponseWriter::Header).
      if (EqualsIgnoreCase(field.name, "date")) {
        has_date = true;
        if (field.value.empty()) continue;
      } else if (EqualsIgnoreCase(field.name, "content-type")) {
        has_type = true;
        if (field.value.empty()) continue;
      } else if (EqualsIgnoreCase(field.name, "content-encoding")) {
        has_type = true;  // what its first bytes look like says nothing
      }
      list_.push_back(field);
    }
  }
  if (!has_type && !block.content_type.empty()) list_.push_back({"content-type", block.content_type});
  if (!has_date && !block.date.empty()) list_.push_back({"date", block.date});
  if (block.content_length) {
    const char* const stop = std::to_chars(length_, length_ + sizeof length_, *block.content_length).ptr;
    list_.push_back({"content-length", {length_, static_cast<std::size_t>(stop - length_)}});
  }
  return list_;
}

const std::vector<Fields::Field>& ResponseFields::OfTrailer(const Fields& trailer) {
  list_.clear();
  for (const Fields::Field& field : trailer) {
    if (!IsForbiddenTrailer(field.name)) list_.push_back(field);
  }
  return list_;
}

}  // namespace weft::internal::http2
