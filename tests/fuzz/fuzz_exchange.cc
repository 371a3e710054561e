// SPDX-License-Identifier: Apache-2.0
//
// The real server in plain text: the input comes in two pieces, and then in many.
#include <string>
#include <string_view>

#include <weft/concurrency/time.h>

#include "exchange.h"
#include "fuzz.h"

namespace weft::fuzz {
namespace {

std::string Send(const Context& ctx, const TestServer& server, std::string_view bytes, Pieces::How how) {
  Result<TestClient> client = server.Connect(ctx);
  FUZZ_CHECK(client.Ok(), "a client connects");
  Pieces pieces(bytes, how);
  for (std::string_view piece; pieces.Next(piece);) {
    if (client->Send(ctx, piece)) break;  // the server has rejected it already
    if (how != Pieces::How::kHalves) (void)Sleep(ctx, std::chrono::microseconds(1));
  }
  client->CloseSend();
  Result<std::string> came = client->ReadToEnd(ctx);
  FUZZ_CHECK(came.Ok(), "the server ends the connection in good order");
  return *std::move(came);
}

std::string SendInHalves(const Context& ctx, const TestServer& server, std::string_view bytes) {
  return Send(ctx, server, bytes, Pieces::How::kHalves);
}
std::string SendInPieces(const Context& ctx, const TestServer& server, std::string_view bytes) {
  return Send(ctx, server, bytes, Pieces::How::kRandom);
}

}  // namespace
}  // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  weft::fuzz::CheckExchange(bytes, weft::fuzz::SendInHalves);
  weft::fuzz::CheckExchange(bytes, weft::fuzz::SendInPieces);
  return 0;
}
