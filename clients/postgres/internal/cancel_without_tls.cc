// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/internal/cancel_tls.h>

namespace weft::postgres::internal {
namespace {

class NoTls final : public CancelLayer {
 public:
  Error Send(std::string_view, Waits&) override { return Error::New("weft was built without TLS (WEFT_TLS=OFF)"); }
  Error AwaitEnd(Waits&) override { return {}; }
};

}  // namespace

struct CancelTls::Trusted {};
CancelTls::CancelTls() = default;
CancelTls::~CancelTls() = default;
std::unique_ptr<CancelLayer> CancelTls::MakeLayer(const Context&, PGconn*, int) { return std::make_unique<NoTls>(); }

bool SpeaksTls() { return false; }

bool TlsHolds(PGconn*) { return false; }

}  // namespace weft::postgres::internal
