// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/routing/mux.h>

#include <gtest/gtest.h>

#include "mux_support.h"

namespace weft {
namespace {

TEST(MuxRedirect, AnUncleanPathIsRedirectedToTheCleanOne) {
  const Mux mux = MuxOf({"/a/b", "/a/{b}/"});
  Check(mux, {
                 {"GET", "//a/b", "307 /a/b"},
                 {"GET", "/a//b", "307 /a/b"},
                 {"GET", "/a/./b", "307 /a/b"},
                 {"GET", "/a/x/../b", "307 /a/b"},
                 {"GET", "/../../a/b", "307 /a/b"},
                 {"GET", "/a/%2e%2E/a/b", "307 /a/b"},
                 {"GET", "/a/%2e/b", "307 /a/b"},
                 {"GET", "/a/b/.", "307 /a/b/"},
                 {"GET", "/a/b/..", "307 /a/"},
                 {"GET", "/..", "307 /"},
                 {"GET", "//", "307 /"},
                 {"GET", "//a//b//?q=1&r=%2F", "307 /a/b/?q=1&r=%2F"},
                 {"POST", "//a/b", "307 /a/b"},
                 {"GET", "/a/...", "307 /a/.../"},
                 {"GET", "/a/%2e%2ex", "307 /a/%2e%2ex/"},
                 {"GET", "/a/b", "200 /a/b"},
             });
}

TEST(MuxRedirect, ARedirectNeverLeadsToAnotherHost) {
  const Mux mux = MuxOf({"/{a}/"});
  Check(mux, {
                 {"GET", "//evil.test/..//x", "307 /x"},
                 {"GET", "/./\\evil.test", "307 /%5Cevil.test"},
                 {"GET", "/\\evil.test", "307 /%5Cevil.test/"},
                 {"GET", "/%0d%0aX:y", "307 /%0d%0aX:y/"},
             });
}

TEST(MuxRedirect, AMissingSlashIsRedirectedWhereOnlyTheTreeIsThere) {
  const Mux mux = MuxOf({"/", "/tree/", "/both", "/both/", "/rest/{rest...}", "/end/{$}", "POST /post/", "/deep/{a}/"});
  Check(mux, {
                 {"GET", "/tree", "307 /tree/"},
                 {"GET", "/tree?x=1", "307 /tree/?x=1"},
                 {"GET", "/both", "200 /both"},
                 {"GET", "/rest", "307 /rest/"},
                 {"GET", "/end", "307 /end/"},
                 {"POST", "/post", "307 /post/"},
                 {"GET", "/post", "200 /"},
                 {"GET", "/deep/x", "307 /deep/x/"},
                 {"GET", "/deep/x%2Fy", "307 /deep/x%2Fy/"},
                 {"GET", "/tree/x", "200 /tree/"},
                 {"GET", "/other", "200 /"},
             });
}

TEST(MuxRedirect, ConnectIsNeverRedirected) {
  const Mux mux = MuxOf({"/tree/"});

  EXPECT_EQ(Ask(mux, RequestBuilder("CONNECT", "a.test:443")), "501");
}

}  // namespace
}  // namespace weft
