// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/forwarded_peer.h>

#include <sys/socket.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <weft/handlers/access.h>
#include <weft/handlers/middleware/internal/forwarded_list.h>
#include <weft/handlers/middleware/internal/peer_text.h>
#include <weft/http/internal/text.h>
#include <weft/net/internal/trusted_peers.h>

namespace weft {
namespace {

constexpr const char* kFromOthers[] = {"Forwarded",        "X-Forwarded-For",  "X-Forwarded-Proto",
                                       "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Server",
                                       "X-Real-IP"};

std::string AllOf(const Fields& header, const char* name) {
  std::string list;
  for (const std::string_view line : header.Values(name))
    list.append(list.empty() ? "" : ", ").append(line);
  return list;
}

bool IsScheme(std::string_view text) {
  const auto is = [text](std::string_view scheme) {
    return internal::EqualsIgnoreCase(text, scheme);
  };
  return is("http") || is("https") || is("ws") || is("wss");
}

bool IsSecureScheme(std::string_view text) {
  return internal::EqualsIgnoreCase(text, "https") || internal::EqualsIgnoreCase(text, "wss");
}

// What the proxies say about the client.
struct Finding {
  std::optional<internal::ParsedPeer> client;  // empty: only the connection's own peer
  std::string proto;                           // empty: not said
  std::string_view believed;                   // of the list
  std::size_t hops = 0;                        // in it
};

class Finder {
 public:
  Finder(internal::TrustedPeers trusted, ForwardedField field)
      : trusted_(std::move(trusted)), field_(field) {}

  void Find(Request& r) const {
    Fields& header = RequestAccess::Header(r);
    const std::optional<internal::ParsedPeer> connection = internal::ParsePeer(r.Peer());
    if (!connection || !trusted_.Contains(connection->peer)) {
      for (const char* name : kFromOthers) header.Del(name);
      return;
    }
    const bool standard = field_ == ForwardedField::kForwarded;
    const char* const name = standard ? "Forwarded" : "X-Forwarded-For";
    const std::string list = AllOf(header, name);
    Finding finding = Walk(list, standard);
    header.Del(standard ? "X-Forwarded-For" : "Forwarded");
    Replace(header, name, finding.believed);
    if (!standard) finding.proto = ProtoOf(AllOf(header, "X-Forwarded-Proto"), finding.hops);
    Replace(header, "X-Forwarded-Proto", standard ? std::string_view() : finding.proto);
    if (finding.client) RequestAccess::SetPeer(r, internal::FormatParsed(*finding.client));
    if (IsScheme(finding.proto)) RequestAccess::SetSecure(r, IsSecureScheme(finding.proto));
  }

 private:
  // Goes through the list from its end, as far as it is trusted.
  Finding Walk(std::string_view list, bool standard) const {
    Finding finding;
    std::string_view rest = list;
    while (const std::optional<std::string_view> text = internal::CutLastElement(rest)) {
      internal::ForwardedElement element{std::string(*text), {}};
      if (standard) {
        std::optional<internal::ForwardedElement> parsed = internal::ParseForwardedElement(*text);
        if (!parsed) break;
        element = *std::move(parsed);
        if (!element.proto.empty()) finding.proto = element.proto;
      }
      const std::optional<internal::ParsedPeer> hop = internal::ParsePeer(element.address);
      if (!hop || hop->peer.Family() == AF_UNIX) break;  // "unix" identifies no client
      finding.client = hop;
      finding.believed = list.substr(static_cast<std::size_t>(text->data() - list.data()));
      ++finding.hops;
      if (!trusted_.Contains(hop->peer)) break;
    }
    return finding;
  }

  // The element as far from the end as the client's; most proxies keep or replace the field that they received,
  // so there may be fewer.
  static std::string ProtoOf(std::string_view list, std::size_t hops) {
    std::string_view proto;
    for (std::size_t i = 0; i == 0 || i < hops; ++i) {
      const std::optional<std::string_view> element = internal::CutLastElement(list);
      if (!element) break;
      proto = *element;
    }
    return IsScheme(proto) ? std::string(proto) : std::string();
  }

  static void Replace(Fields& header, const char* name, std::string_view value) {
    if (value.empty()) {
      header.Del(name);
    } else {
      header.Set(name, value);
    }
  }

  const internal::TrustedPeers trusted_;
  const ForwardedField field_;
};

}  // namespace

Middleware ForwardedPeer(ForwardedOptions options) {
  Result<internal::TrustedPeers> trusted = internal::TrustedPeers::Parse(options.trusted);
  if (Error err = trusted.Err()) throw std::invalid_argument("ForwardedPeer: " + err.Message());
  return [finder = std::make_shared<const Finder>(*std::move(trusted), options.field)](
             Handler next) -> Handler {
    return [finder, next = std::move(next)](ResponseWriter& w, Request& r) -> Error {
      finder->Find(r);
      return next(w, r);
    };
  };
}

}  // namespace weft
