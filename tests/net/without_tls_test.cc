// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <weft/net/internal/tls/client_context.h>
#include <weft/net/tls.h>

namespace weft {
namespace {

TEST(WithoutTls, LoadSaysSo) {
  const std::string expected =
      "weft was built without TLS: build it with -DWEFT_TLS=ON, for which it needs OpenSSL";
  EXPECT_EQ(Tls::Load({}).Err().Message(), expected);
  EXPECT_EQ(Tls::SelfSigned({"localhost"}).Err().Message(), expected);
  EXPECT_EQ(internal::ClientContext::Load({}).Err().Message(), expected);
}

}  // namespace
}  // namespace weft
