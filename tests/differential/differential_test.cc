// SPDX-License-Identifier: Apache-2.0
//
// The same bytes through weft, Go's net/http, nginx and HAProxy. Where others disagree about where a message ends, an attacker can hide a
// request between them; weft has to be the one that refuses. Peers that are not installed are skipped.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cases.h"
#include "peers.h"
#include "play.h"
#include "table.h"

namespace weft::differential {
namespace {

bool Refused(const Record& record, std::size_t taken) {
  return record.closed && record.junk.empty() && record.answers.size() == taken + 1 && record.answers[taken].seen.empty() &&
         record.answers[taken].status >= 400;
}

std::size_t TakenBy(const Record& record) {
  std::size_t taken = 0;
  while (taken < record.answers.size() && !record.answers[taken].seen.empty()) ++taken;
  return taken;
}

// A request that a proxy has let through, but the weft behind it has refused, says nothing about the proxy's own reading.
bool RefusedBehind(const Answer& answer) { return answer.seen.empty() && !answer.edge.empty(); }

// What is wrong with weft's reading beside those of two others; empty if nothing is.
std::string Judge(const Record& weft, const Record& first, const Record& second) {
  const std::size_t taken = TakenBy(weft);
  for (std::size_t i = 0; i < taken; ++i) {
    bool alone = true;
    for (const Record* peer : {&first, &second}) {
      if (i >= peer->answers.size()) continue;
      const Answer& theirs = peer->answers[i];
      if (theirs.seen.empty()) {
        if (RefusedBehind(theirs)) alone = false;
        continue;
      }
      if (theirs.seen != weft.answers[i].seen) return "weft took " + weft.answers[i].seen + ", another one " + theirs.seen;
      alone = false;
    }
    if (alone) return "weft alone took " + weft.answers[i].seen;
  }
  if (Refused(weft, taken) || (weft.closed && weft.answers.size() == taken)) return {};
  if (weft.closed) return "weft ended in an odd way";
  for (const Record* peer : {&first, &second}) {
    if (peer->answers.size() > taken && !peer->answers[taken].seen.empty()) return "weft waits where another one took " + peer->answers[taken].seen;
  }
  return {};
}

class Differential : public testing::Test {
 protected:
  const std::vector<Case> cases_ = AllCases();
  const std::vector<std::string> streams_ = StreamsOf(cases_);

  std::vector<Record> PlayAll(const Peer& peer) const { return Play(peer.Path(), streams_); }
};

TEST_F(Differential, WeftTakesWhatIsGoodAndRefusesWhatIsNot) {
  const Peer weft = StartWeft();
  const std::vector<Record> records = PlayAll(weft);
  for (std::size_t i = 0; i < cases_.size(); ++i) {
    SCOPED_TRACE(cases_[i].topic + ": " + cases_[i].name + ": " + Short(records[i]));
    switch (cases_[i].must) {
      case Case::Must::kTake: EXPECT_GE(TakenBy(records[i]), 1u); break;
      case Case::Must::kRefuse: EXPECT_TRUE(Refused(records[i], 0)); break;
      case Case::Must::kEither: break;
    }
  }
}

TEST_F(Differential, WhereOthersDisagreeWeftIsTheOneThatRefuses) {
  const std::optional<Peer> go = StartGo();
  const std::optional<Peer> nginx = StartNginx();
  if (!go || !nginx) GTEST_SKIP() << (go ? "nginx" : "go") << " is not installed (scripts/packages peers)";
  const std::optional<Peer> haproxy = StartHaproxy();
  const Peer weft = StartWeft();
  std::vector<Column> columns = {{"weft", "", PlayAll(weft)}, {"Go", go->Version(), PlayAll(*go)}, {"nginx", nginx->Version(), PlayAll(*nginx)}};
  if (haproxy) columns.push_back({"HAProxy", haproxy->Version(), PlayAll(*haproxy)});

  for (std::size_t i = 0; i < cases_.size(); ++i) {
    EXPECT_EQ(Judge(columns[0].records[i], columns[1].records[i], columns[2].records[i]), "")
        << cases_[i].topic << ": " << cases_[i].name << "\n  weft: " << Short(columns[0].records[i])
        << "\n  Go: " << Short(columns[1].records[i]) << "\n  nginx: " << Short(columns[2].records[i]);
  }
  PrintTable(cases_, columns);
  if (const char* const file = std::getenv("WEFT_DIFFERENCES"); file != nullptr && haproxy) std::ofstream(file) << Differences(cases_, columns);
}

// Whether the request of a line of the log was made by the proxy.
bool Marked(const std::string& line) { return line.find("\"edge\":\"made-by-the-proxy\"") != std::string::npos; }

// Behind a proxy: each request that weft sees is one that the proxy has made, and each answer gets to the client whose request it is for.
void NothingIsSmuggledThrough(Peer& proxy, const std::vector<Record>& records) {
  std::size_t answered = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const std::string number = "/" + std::to_string(100 + i) + "/";
    for (const Answer& answer : records[i].answers) {
      if (answer.seen.empty()) continue;
      ++answered;
      EXPECT_TRUE(answer.seen.find(number) != std::string::npos || answer.seen.find(" /") == std::string::npos)
          << "the client of " << number << " got the answer to " << answer.seen;
    }
  }
  std::size_t whole = 0;
  for (const std::string& line : proxy.EndWeft()) {
    EXPECT_TRUE(Marked(line)) << "smuggled: " << line;
    whole += line.find("\"body\":null") == std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(whole, answered) << "weft served other requests than clients were answered";
  EXPECT_GT(answered, 20u);
}

TEST_F(Differential, NothingIsSmuggledThroughNginx) {
  std::optional<Peer> nginx = StartNginx();
  if (!nginx) GTEST_SKIP() << "nginx is not installed (scripts/packages peers)";
  NothingIsSmuggledThrough(*nginx, PlayAll(*nginx));
}

TEST_F(Differential, NothingIsSmuggledThroughHaproxy) {
  std::optional<Peer> haproxy = StartHaproxy();
  if (!haproxy) GTEST_SKIP() << "haproxy is not installed (scripts/packages peers)";
  NothingIsSmuggledThrough(*haproxy, PlayAll(*haproxy));
}

// A mark that is not there must be noticed: weft without a proxy before it.
TEST_F(Differential, ARequestWithoutTheMarkIsNoticed) {
  Peer weft = StartWeft();
  const std::vector<Record> records = Play(weft.Path(), {"GET /100/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"});
  EXPECT_EQ(Short(records[0]), "a:0");
  const std::vector<std::string> log = weft.EndWeft();
  ASSERT_EQ(log.size(), 1u);
  EXPECT_FALSE(Marked(log[0])) << log[0];
}

void GoodRequestsPass(const Peer& peer) {
  const std::string get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string last = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  std::string chunked = "POST /chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 100; ++i) chunked += "3e8\r\n" + std::string(1000, 'x') + "\r\n";
  const std::string mebibyte = "POST /long HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n" + std::string(1 << 20, 'x');
  const std::string expecting = "POST /expect HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello";
  const std::string not_modified = "GET /304 HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"1\"\r\n\r\n";
  const std::vector<Record> records =
      Play(peer.Path(), {get + get + get + last, chunked + "0\r\n\r\n" + last, mebibyte + last, expecting + last,
                         "HEAD /head HTTP/1.1\r\nHost: a\r\n\r\n" + last, not_modified + last, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n" + last});

  EXPECT_EQ(Short(records[0]), "a:0 a:0 a:0 last:0");
  EXPECT_EQ(Short(records[1]), "chunked:100000 last:0");
  EXPECT_EQ(Short(records[2]), "long:1048576 last:0");
  EXPECT_EQ(Short(records[3]), "expect:5 last:0");
  EXPECT_EQ(Short(records[4]), "head:0 last:0");
  EXPECT_EQ(Short(records[5]), "304:0 last:0");
  ASSERT_EQ(records[5].answers.size(), 2u);
  EXPECT_EQ(records[5].answers[0].status, 304);
  EXPECT_EQ(records[5].answers[0].Field("etag"), "\"1\"");
  EXPECT_EQ(Short(records[6]), "big:0 last:0");
  ASSERT_EQ(records[6].answers.size(), 2u);
  EXPECT_EQ(records[6].answers[0].body.size(), std::size_t{1} << 20);
}

TEST(GoodRequests, PassWithoutAProxy) { GoodRequestsPass(StartWeft()); }

TEST(GoodRequests, PassThroughNginx) {
  const std::optional<Peer> nginx = StartNginx();
  if (!nginx) GTEST_SKIP() << "nginx is not installed (scripts/packages peers)";
  GoodRequestsPass(*nginx);
}

TEST(GoodRequests, PassThroughHaproxy) {
  const std::optional<Peer> haproxy = StartHaproxy();
  if (!haproxy) GTEST_SKIP() << "haproxy is not installed (scripts/packages peers)";
  GoodRequestsPass(*haproxy);
}

// Judge itself, on records as they could be.
TEST(Judge, NoticesALaxServer) {
  const auto took = [](std::vector<std::string> seen, bool closed = true) {
    Record record;
    for (std::string& text : seen) record.answers.push_back({200, std::move(text), "", {}, ""});
    record.closed = closed;
    return record;
  };
  Record refused = took({});
  refused.answers.push_back({400, "", "", {}, ""});

  EXPECT_EQ(Judge(took({"GET /a 0"}), took({"GET /a 0"}), refused), "");
  EXPECT_EQ(Judge(refused, took({"GET /a 0"}), took({"GET /a 5"})), "");
  EXPECT_NE(Judge(took({"GET /a 0"}), refused, refused), "");
  EXPECT_NE(Judge(took({"GET /a 0"}), took({"GET /a 0"}), took({"GET /a 5"})), "");
  EXPECT_NE(Judge(took({}, false), took({"GET /a 0"}), refused), "");
  EXPECT_NE(Judge(took({"GET /a 0", "GET /smuggled 0"}), took({"GET /a 0"}), took({"GET /a 0"})), "");
}

}  // namespace
}  // namespace weft::differential
