// SPDX-License-Identifier: Apache-2.0
//
// The same bytes through weft, Go's net/http, nginx and HAProxy. Where others disagree about where a message ends, an attacker can hide a
// request between them; weft has to be the one that refuses. It is compared with those that are installed.
#include <gtest/gtest.h>

#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../kit/missing_program.h"
#include "cases.h"
#include "peers.h"
#include "play.h"

namespace weft::differential {
namespace {

bool Refused(const Record& record, std::size_t taken) {
  return record.closed && record.junk.empty() && record.responses.size() == taken + 1 && record.responses[taken].seen.empty() &&
         record.responses[taken].status >= 400;
}

std::size_t TakenBy(const Record& record) {
  std::size_t taken = 0;
  while (taken < record.responses.size() && !record.responses[taken].seen.empty()) ++taken;
  return taken;
}

// A request that a proxy has let through, but the weft behind it has refused, says nothing about the proxy's own reading.
bool RefusedBehind(const Response& response) { return response.seen.empty() && !response.edge.empty(); }

// What is wrong with weft's reading, compared with that of one other, or those of two; empty if nothing is. What one other refuses may be a rule of
// its own; what two refuse, weft should not take.
std::string Judge(const Record& weft, const std::vector<const Record*>& others) {
  const std::size_t taken = TakenBy(weft);
  for (std::size_t i = 0; i < taken; ++i) {
    bool alone = others.size() > 1;
    for (const Record* peer : others) {
      if (i >= peer->responses.size()) continue;
      const Response& theirs = peer->responses[i];
      if (theirs.seen.empty()) {
        if (RefusedBehind(theirs)) alone = false;
        continue;
      }
      if (theirs.seen != weft.responses[i].seen) return "weft took " + weft.responses[i].seen + ", another one " + theirs.seen;
      alone = false;
    }
    if (alone) return "weft alone took " + weft.responses[i].seen;
  }
  if (Refused(weft, taken) || (weft.closed && weft.responses.size() == taken)) return {};
  if (weft.closed) return "weft ended in an odd way";
  for (const Record* peer : others) {
    if (peer->responses.size() > taken && !peer->responses[taken].seen.empty()) return "weft waits where another one took " + peer->responses[taken].seen;
  }
  return {};
}

// The same compared with each two of those that are there: a third that takes what two refuse is no excuse.
std::string JudgeAll(const Record& weft, const std::vector<const Record*>& others) {
  if (others.size() == 1) return Judge(weft, others);
  for (std::size_t first = 0; first < others.size(); ++first) {
    for (std::size_t second = first + 1; second < others.size(); ++second) {
      if (std::string wrong = Judge(weft, {others[first], others[second]}); !wrong.empty()) return wrong;
    }
  }
  return {};
}

class Differential : public ::testing::Test {
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

TEST_F(Differential, WeftRejectsWhatOtherServersDisagreeOn) {
  const std::vector<Record> weft = PlayAll(StartWeft());
  std::vector<std::vector<Record>> others;
  std::string missing;
  const auto add = [&](const std::string& name, const std::optional<Peer>& peer) {
    if (peer) {
      others.push_back(PlayAll(*peer));
    } else {
      missing += (missing.empty() ? "" : ", ") + name;
    }
  };
  add("Go", StartGo());
  add("nginx", StartNginx());
  add("HAProxy", StartHaproxy());
  if (others.empty() || (!missing.empty() && AllProgramsAreNeeded())) WEFT_PROGRAM_IS_MISSING(missing, "peers");
  if (!missing.empty()) std::printf("not compared with all: %s\n", MissingText(missing, "peers").c_str());

  for (std::size_t i = 0; i < cases_.size(); ++i) {
    std::vector<const Record*> theirs;
    for (const std::vector<Record>& records : others) theirs.push_back(&records[i]);
    EXPECT_EQ(JudgeAll(weft[i], theirs), "") << cases_[i].topic << ": " << cases_[i].name << ": " << Short(weft[i]);
  }
}

// Whether the request of a line of the log was made by the proxy.
bool Marked(const std::string& line) { return line.find("\"edge\":\"made-by-the-proxy\"") != std::string::npos; }

// Behind a proxy: each request that weft sees is one that the proxy has made, and each response gets to the client whose request it is for.
void NothingIsSmuggledThrough(Peer& proxy, const std::vector<Record>& records) {
  std::size_t answered = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const std::string number = "/" + std::to_string(100 + i) + "/";
    for (const Response& response : records[i].responses) {
      if (response.seen.empty()) continue;
      ++answered;
      EXPECT_TRUE(response.seen.find(number) != std::string::npos || response.seen.find(" /") == std::string::npos)
          << "the client of " << number << " got the response to " << response.seen;
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
  if (!nginx) WEFT_PROGRAM_IS_MISSING("nginx", "peers");
  NothingIsSmuggledThrough(*nginx, PlayAll(*nginx));
}

TEST_F(Differential, NothingIsSmuggledThroughHaproxy) {
  std::optional<Peer> haproxy = StartHaproxy();
  if (!haproxy) WEFT_PROGRAM_IS_MISSING("HAProxy", "peers");
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
  ASSERT_EQ(records[5].responses.size(), 2u);
  EXPECT_EQ(records[5].responses[0].status, 304);
  EXPECT_EQ(records[5].responses[0].Field("etag"), "\"1\"");
  EXPECT_EQ(Short(records[6]), "big:0 last:0");
  ASSERT_EQ(records[6].responses.size(), 2u);
  EXPECT_EQ(records[6].responses[0].body.size(), std::size_t{1} << 20);
}

TEST(GoodRequests, PassWithoutAProxy) { GoodRequestsPass(StartWeft()); }

TEST(GoodRequests, PassThroughNginx) {
  const std::optional<Peer> nginx = StartNginx();
  if (!nginx) WEFT_PROGRAM_IS_MISSING("nginx", "peers");
  GoodRequestsPass(*nginx);
}

TEST(GoodRequests, PassThroughHaproxy) {
  const std::optional<Peer> haproxy = StartHaproxy();
  if (!haproxy) WEFT_PROGRAM_IS_MISSING("HAProxy", "peers");
  GoodRequestsPass(*haproxy);
}

// Judge itself, on records as they could be.
TEST(Judge, NoticesALaxServer) {
  const auto took = [](std::vector<std::string> seen, bool closed = true) {
    Record record;
    for (std::string& text : seen) record.responses.push_back({200, std::move(text), "", {}, ""});
    record.closed = closed;
    return record;
  };
  Record refused = took({});
  refused.responses.push_back({400, "", "", {}, ""});

  const auto judge = [](const Record& weft, const std::vector<Record>& peers) {
    std::vector<const Record*> others;
    for (const Record& peer : peers) others.push_back(&peer);
    return JudgeAll(weft, others);
  };

  EXPECT_EQ(judge(took({"GET /a 0"}), {took({"GET /a 0"}), refused}), "");
  EXPECT_EQ(judge(refused, {took({"GET /a 0"}), took({"GET /a 5"})}), "");
  EXPECT_NE(judge(took({"GET /a 0"}), {refused, refused}), "");
  EXPECT_NE(judge(took({"GET /a 0"}), {took({"GET /a 0"}), took({"GET /a 5"})}), "");
  EXPECT_NE(judge(took({}, false), {took({"GET /a 0"}), refused}), "");
  EXPECT_NE(judge(took({"GET /a 0", "GET /smuggled 0"}), {took({"GET /a 0"}), took({"GET /a 0"})}), "");

  EXPECT_EQ(judge(took({"GET /a 0"}), {refused}), "") << "a rule of its own";
  EXPECT_NE(judge(took({"GET /a 0"}), {took({"GET /a 5"})}), "");
  EXPECT_NE(judge(took({}, false), {took({"GET /a 0"})}), "");

  EXPECT_EQ(judge(took({"GET /a 0"}), {refused, took({"GET /a 0"}), took({"GET /a 0"})}), "");
  EXPECT_NE(judge(took({"GET /a 0"}), {refused, refused, took({"GET /a 0"})}), "");
  EXPECT_NE(judge(took({"GET /a 0"}), {took({"GET /a 0"}), refused, refused}), "");
  EXPECT_NE(judge(took({"GET /a 0"}), {took({"GET /a 0"}), took({"GET /a 0"}), took({"GET /a 5"})}), "");
  EXPECT_NE(judge(took({}, false), {refused, refused, took({"GET /a 0"})}), "");
}

}  // namespace
}  // namespace weft::differential
