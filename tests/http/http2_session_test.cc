// SPDX-License-Identifier: Apache-2.0
//
// The server's side of a connection of HTTP/2, by the sections of RFC 9113: bytes in, frames out, no socket.
#include <algorithm>

#include "http2_play.h"

namespace weft::internal::http2 {
namespace {

constexpr std::uint32_t kProtocol = 1, kFlowControl = 3, kStreamClosed = 5, kFrameSize = 6, kRefused = 7, kCompression = 9;

#define NEEDS_HTTP2() if (!SessionsExist()) GTEST_SKIP() << "built without HTTP/2"

// --- 3.4 preface, 6.5 SETTINGS

TEST(Rfc9113Section3, TheServersFirstFrameIsSettings) {
  NEEDS_HTTP2();
  Play play({.streams_max = 7, .field_list_max = 4096});
  const std::vector<SeenFrame> frames = play.Written();
  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(frames[0].header.type, frame_type::kSettings);
  EXPECT_NE(frames[0].payload.find(std::string("\0\3\0\0\0\7", 6)), std::string::npos) << "MAX_CONCURRENT_STREAMS 7";
  EXPECT_NE(frames[0].payload.find(std::string("\0\6\0\0\x10\0", 6)), std::string::npos) << "MAX_HEADER_LIST_SIZE 4096";
  EXPECT_EQ(frames[0].payload.find(std::string("\0\x8", 2)), std::string::npos) << "ENABLE_CONNECT_PROTOCOL is by choice";
}

TEST(Rfc9113Section3, AcceptsAPrefaceByteByByte) {
  NEEDS_HTTP2();
  Play play;
  for (const char c : Hello() + Get(1)) EXPECT_TRUE(play.Send({&c, 1}));
  ASSERT_EQ(play.streams.size(), 1u);
  EXPECT_TRUE(play.At(0).head && play.At(0).end);
}

TEST(Rfc9113Section3, AnotherPrefaceEndsTheConnection) {
  NEEDS_HTTP2();
  Play play;
  EXPECT_FALSE(play.Send("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"));
  EXPECT_EQ(play.session->Failure(), ErrorCode::kProtocolError);
}

TEST(Rfc9113Section3, TheFirstFrameHasToBeSettings) {
  NEEDS_HTTP2();
  Play play;
  static_cast<void>(play.Send(std::string(kPreface) + Get(1)));
  EXPECT_EQ(Play::GoAwayCode(play.Written()), kProtocol);
  EXPECT_EQ(play.session->Failure(), ErrorCode::kProtocolError);
}

TEST(Rfc9113Section6, SettingsAreAcknowledgedAndReportedOnce) {
  NEEDS_HTTP2();
  Play play;
  EXPECT_TRUE(play.Send(Hello() + Settings({{4, 100000}})));
  EXPECT_EQ(play.settings_seen, 1);
  const std::vector<SeenFrame> frames = play.Written();
  EXPECT_EQ(std::count_if(frames.begin(), frames.end(), [](const SeenFrame& f) {
    return f.header.type == frame_type::kSettings && f.header.flags == frame_flag::kAck;
  }), 2);
}

// --- what ends a connection, or a stream

struct Breach {
  const char* name;
  std::string bytes;
  std::uint32_t goaway;  // 99: the connection goes on
  std::uint32_t reset;   // 99: no RST_STREAM
};

class Breaches : public ::testing::TestWithParam<Breach> {};

TEST_P(Breaches, EndWhatTheRfcSays) {
  NEEDS_HTTP2();
  // Whole, and in pieces: that changes nothing.
  for (const std::size_t piece : {std::size_t{1} << 20, std::size_t{1}, std::size_t{7}}) {
    Play play;
    static_cast<void>(play.Send(Hello()));
    static_cast<void>(play.Written());
    std::vector<SeenFrame> frames;
    for (std::string_view left = GetParam().bytes; !left.empty(); left.remove_prefix(std::min(piece, left.size()))) {
      if (!play.Send(left.substr(0, piece))) break;
    }
    for (SeenFrame& frame : play.Written()) frames.push_back(std::move(frame));
    EXPECT_EQ(Play::GoAwayCode(frames), GetParam().goaway) << "in pieces of " << piece;
    EXPECT_EQ(Play::ResetCode(frames), GetParam().reset) << "in pieces of " << piece;
    EXPECT_EQ(play.good, GetParam().goaway == 99);
  }
}

std::vector<Fields::Field> With(std::vector<Fields::Field> more) {
  std::vector<Fields::Field> fields = GetFields();
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

const Breach kBreaches[] = {
    {"s4_2_FrameLargerThanAllowed", Post(1) + Data(1, std::string(16385, 'x')), kFrameSize, 99},
    {"s4_3_FieldBlockThatIsNoHpack", Frame(frame_type::kHeaders, 5, 1, "\xFF\xFF\xFF\xFF\xFF\xFF"), kCompression, 99},
    {"s4_3_OtherFrameWithinAFieldBlock", Frame(frame_type::kHeaders, 1, 1, Block(GetFields())) + Frame(frame_type::kPing, 0, 0, "12345678"), kProtocol, 99},
    {"s5_1_DataOnAnIdleStream", Data(1, "x"), kProtocol, 99},
    {"s5_1_ResetOfAnIdleStream", NumberFrame(frame_type::kReset, 1, 8), kProtocol, 99},
    {"s5_1_WindowUpdateOnAnIdleStream", NumberFrame(frame_type::kWindowUpdate, 1, 8), kProtocol, 99},
    {"s5_1_DataAfterTheEnd", Get(1) + Data(1, "x"), kStreamClosed, 99},
    {"s5_1_DataAfterAReset", Post(1) + NumberFrame(frame_type::kReset, 1, 8) + Data(1, "x"), kStreamClosed, 99},
    {"s6_3_PriorityOnStream0", Frame(frame_type::kPriority, 0, 0, std::string("\0\0\0\0\x10", 5)), kProtocol, 99},
    {"s6_10_FieldsInPiecesAreFine", Frame(frame_type::kHeaders, 1, 1, Block(GetFields()).substr(0, 9)) + Frame(frame_type::kContinuation, 4, 1, Block(GetFields()).substr(9)), 99, 99},
    {"s5_1_HeadersAfterAReset", Get(1) + NumberFrame(frame_type::kReset, 1, 8) + Get(1), kStreamClosed, 99},
    {"s5_1_1_StreamThatWasPassedOver", Get(5) + Get(3), kProtocol, 99},
    {"s5_1_1_StreamOfTheServer", Get(2), kProtocol, 99},
    {"s5_1_1_StreamThatFirstWas3IsFine", Get(3), 99, 99},
    {"s5_1_1_StreamThatFirstWas13IsFine", Get(13), 99, 99},
    {"s5_3_PriorityOnAnIdleStreamIsFine", Frame(frame_type::kPriority, 0, 3, std::string("\0\0\0\0\x10", 5)) + Get(13), 99, 99},
    {"s5_5_UnknownFrameIsPassedOver", Frame(0x42, 0xFF, 0, "what") + Get(1), 99, 99},
    {"s6_1_DataOnStream0", Data(0, "x"), kProtocol, 99},
    {"s6_1_PaddingLongerThanTheFrame", Post(1) + Frame(frame_type::kData, frame_flag::kPadded, 1, "\x09xyz"), kProtocol, 99},
    {"s6_2_HeadersOnStream0", Frame(frame_type::kHeaders, 5, 0, Block(GetFields())), kProtocol, 99},
    {"s6_4_ResetOfAnotherSize", Post(1) + Frame(frame_type::kReset, 0, 1, "abc"), kFrameSize, 99},
    {"s6_5_SettingsOnAStream", Frame(frame_type::kSettings, 0, 1, ""), kProtocol, 99},
    {"s6_5_SettingsOfAnotherSize", Frame(frame_type::kSettings, 0, 0, "abc"), kFrameSize, 99},
    {"s6_5_AckWithAPayload", Frame(frame_type::kSettings, 1, 0, "abcdef"), kFrameSize, 99},
    {"s6_5_2_WindowOfTooMuch", Settings({{4, 0x80000000}}), kFlowControl, 99},
    {"s6_5_2_FrameSizeOfTooLittle", Settings({{5, 100}}), kProtocol, 99},
    {"s6_5_2_PushThatIsNeitherNorIsNot", Settings({{2, 2}}), kProtocol, 99},
    {"s6_5_2_NoStreamsForUsIsFine", Settings({{3, 0}}) + Get(1), 99, 99},
    {"s6_6_PushPromiseOfAClient", Frame(frame_type::kPushPromise, 4, 1, std::string("\0\0\0\2", 4)), kProtocol, 99},
    {"s6_7_PingOnAStream", Frame(frame_type::kPing, 0, 1, "12345678"), kProtocol, 99},
    {"s6_7_PingOfAnotherSize", Frame(frame_type::kPing, 0, 0, "123"), kFrameSize, 99},
    {"s6_8_GoAwayOnAStream", Frame(frame_type::kGoAway, 0, 1, "12345678"), kProtocol, 99},
    {"s6_9_WindowUpdateOfNothing", NumberFrame(frame_type::kWindowUpdate, 0, 0), kProtocol, 99},
    {"s6_9_1_WindowOfTooMuch", NumberFrame(frame_type::kWindowUpdate, 0, 0x7FFFFFFF), kFlowControl, 99},
    {"s6_9_1_WindowOfAStreamOfTooMuch", Post(1) + NumberFrame(frame_type::kWindowUpdate, 1, 0x7FFFFFFF), 99, kFlowControl},
    {"s6_10_ContinuationWithoutHeaders", Frame(frame_type::kContinuation, 4, 1, "x"), kProtocol, 99},
    {"s8_1_TrailersThatDoNotEnd", Post(1) + Headers(1, {{"a", "b"}}, /*end=*/false), 99, kProtocol},
    {"s8_1_1_LengthLongerThanTheBody", Post(1, {{"content-length", "5"}}) + Data(1, "abc", true), 99, kProtocol},
    {"s8_1_1_LengthShorterThanTheBody", Post(1, {{"content-length", "2"}}) + Data(1, "abc"), 99, kProtocol},
    {"s8_1_1_LengthWithoutABody", Headers(1, With({{"content-length", "5"}})), 99, kProtocol},
    {"s8_2_NameInCapitals", Headers(1, With({{"X-Up", "1"}})), 99, kProtocol},
    {"s8_2_1_BlankInAName", Headers(1, With({{"a b", "1"}})), 99, kProtocol},
    {"s8_2_1_LineEndInAValue", Headers(1, With({{"a", "1\r\nb: 2"}})), 99, kProtocol},
    {"s8_2_1_NulInAValue", Headers(1, With({{"a", std::string_view("x\0y", 3)}})), 99, kProtocol},
    {"s8_2_2_Connection", Headers(1, With({{"connection", "close"}})), 99, kProtocol},
    {"s8_2_2_TransferEncoding", Headers(1, With({{"transfer-encoding", "chunked"}})), 99, kProtocol},
    {"s8_2_2_KeepAlive", Headers(1, With({{"keep-alive", "1"}})), 99, kProtocol},
    {"s8_2_2_ProxyConnection", Headers(1, With({{"proxy-connection", "1"}})), 99, kProtocol},
    {"s8_2_2_Upgrade", Headers(1, With({{"upgrade", "x"}})), 99, kProtocol},
    {"s8_2_2_TeOfOtherThanTrailers", Headers(1, With({{"te", "gzip"}})), 99, kProtocol},
    {"s8_2_2_TeTrailersIsFine", Headers(1, With({{"te", "trailers"}})), 99, 99},
    {"s8_3_PseudoFieldAfterAField", Headers(1, {{":method", "GET"}, {"a", "b"}, {":scheme", "http"}, {":path", "/"}}), 99, kProtocol},
    {"s8_3_UnknownPseudoField", Headers(1, With({{":x", "1"}})), 99, kProtocol},
    {"s8_3_PseudoFieldTwice", Headers(1, {{":method", "GET"}, {":method", "GET"}, {":scheme", "http"}, {":path", "/"}}), 99, kProtocol},
    {"s8_3_StatusOfAClient", Headers(1, {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":status", "200"}}), 99, kProtocol},
    {"s8_3_1_NoMethod", Headers(1, {{":scheme", "http"}, {":path", "/"}}), 99, kProtocol},
    {"s8_3_1_NoScheme", Headers(1, {{":method", "GET"}, {":path", "/"}}), 99, kProtocol},
    {"s8_3_1_NoPath", Headers(1, {{":method", "GET"}, {":scheme", "http"}}), 99, kProtocol},
    {"s8_3_1_EmptyPath", Headers(1, {{":method", "GET"}, {":scheme", "http"}, {":path", ""}}), 99, kProtocol},
    {"s8_5_ConnectWithAPath", Headers(1, {{":method", "CONNECT"}, {":authority", "a:1"}, {":path", "/"}}), 99, kProtocol},
    {"rfc8441_ProtocolThatWasNotOffered", Headers(1, {{":method", "CONNECT"}, {":protocol", "websocket"}, {":scheme", "http"}, {":path", "/"}, {":authority", "t"}}), 99, kProtocol},
};
INSTANTIATE_TEST_SUITE_P(Rfc9113, Breaches, ::testing::ValuesIn(kBreaches), [](const auto& at) { return std::string(at.param.name); });

// --- 5.1 streams

TEST(Rfc9113Section5, ARequestAndItsResponseAreAStreamThatEndsWell) {
  NEEDS_HTTP2();
  Play play;
  ASSERT_TRUE(play.Send(Hello() + Post(1) + Data(1, "hel") + Data(1, "lo", true)));
  Play::Stream& stream = play.At(0);
  EXPECT_EQ(stream.Id(), 1);
  EXPECT_EQ(stream.data, "hello");
  EXPECT_TRUE(stream.end && stream.Open());
  play.Respond(stream, "answer");
  const std::vector<SeenFrame> frames = play.Written();
  EXPECT_EQ(frames.back().header.type, frame_type::kData);
  EXPECT_EQ(frames.back().payload, "answer");
  EXPECT_EQ(frames.back().header.flags, frame_flag::kEndStream);
  EXPECT_TRUE(stream.closed && !stream.by_peer && !stream.Open());
  EXPECT_EQ(stream.code, ErrorCode::kNoError);
}

TEST(Rfc9113Section5, AResetClosesItsStream) {
  NEEDS_HTTP2();
  Play play;
  ASSERT_TRUE(play.Send(Hello() + Get(1) + NumberFrame(frame_type::kReset, 1, 8)));
  EXPECT_TRUE(play.At(0).closed && play.At(0).by_peer);
  EXPECT_EQ(play.At(0).code, ErrorCode::kCancel);
  EXPECT_EQ(play.nuisances[Nuisance::kReset], 1);
  const std::vector<Fields::Field> fields{{":status", "200"}};
  EXPECT_FALSE(play.session->Respond(play.At(0), fields, false));
}

TEST(Rfc9113Section5, StreamsBeyondThoseThatAreAllowedAreRefused) {
  NEEDS_HTTP2();
  Play play({.streams_max = 2});
  ASSERT_TRUE(play.Send(Hello() + Get(1) + Get(3) + Get(5)));
  EXPECT_EQ(play.streams.size(), 2u);
  EXPECT_EQ(Play::ResetCode(play.Written()), kRefused);
  EXPECT_EQ(play.nuisances[Nuisance::kRefused], 1);
}

TEST(Rfc9113Section5, WithoutMemoryAStreamIsRefused) {
  NEEDS_HTTP2();
  Play play;
  play.refuse_all = true;
  EXPECT_TRUE(play.Send(Hello() + Get(1)));
  EXPECT_EQ(Play::ResetCode(play.Written()), kRefused);
}

TEST(Rfc9113Section5, AForgottenStreamReportsNothing) {
  NEEDS_HTTP2();
  Play play;
  ASSERT_TRUE(play.Send(Hello() + Post(1)));
  play.Respond(play.At(0), std::string(50000, 'x'), false);
  play.session->Forget(play.At(0));
  EXPECT_TRUE(play.Send(Data(1, "more") + NumberFrame(frame_type::kReset, 1, 8)));
  static_cast<void>(play.Written());
  EXPECT_EQ(play.At(0).data, "");
  EXPECT_FALSE(play.At(0).closed);
  EXPECT_EQ(play.At(0).sent, 0u);
}

TEST(Rfc9113Section5, EachStreamHasOneFrameOfItsBodyBeforeAnyHasTwo) {
  NEEDS_HTTP2();
  Play play;
  ASSERT_TRUE(play.Send(Hello() + Settings({{4, 1 << 20}}) + NumberFrame(frame_type::kWindowUpdate, 0, 1 << 20) + Get(1) + Get(3) + Get(5)));
  for (std::size_t i = 0; i < 3; ++i) play.Respond(play.At(i), std::string(40000, static_cast<char>('a' + i)));
  std::vector<std::uint32_t> order;
  for (const SeenFrame& frame : play.Written()) {
    if (frame.header.type == frame_type::kData) order.push_back(frame.header.stream);
  }
  EXPECT_EQ(order, (std::vector<std::uint32_t>{1, 3, 5, 1, 3, 5, 1, 3, 5}));
}

// --- 6.9 windows

// Nothing of a frame is prepared that may not be sent at once: its body may be gone by then.
TEST(Rfc9113Section5, AWithdrawnBodyLeavesNoFrameBehind) {
  NEEDS_HTTP2();
  Play play;
  play.Send(Hello() + NumberFrame(frame_type::kWindowUpdate, 0, 1 << 24));
  for (std::uint32_t id = 1; id < 17; id += 2) play.Send(Get(id));
  for (const auto& stream : play.streams) play.Respond(*stream, std::string(60'000, 'x'));
  EXPECT_FALSE(play.Written(20'000).empty());
  for (const auto& stream : play.streams) {
    stream->body.resize(stream->sent);  // whoever has written it waits no longer
    stream->last = false;
  }
  play.At(0).body += std::string(100, 'y');  // and what comes next is shorter
  play.session->ResumeBody(play.At(0));

  for (const SeenFrame& frame : play.Written()) {
    EXPECT_LE(frame.header.length, 100u) << "a frame of type " << int{frame.header.type};
  }
  EXPECT_TRUE(play.good);
}

TEST(Rfc9113Section6, ABodyGoesAsFarAsBothWindowsReach) {
  NEEDS_HTTP2();
  Play play;
  ASSERT_TRUE(play.Send(Hello() + Settings({{4, 1000}}) + Get(1)));
  play.Respond(play.At(0), std::string(3000, 'x'));
  static_cast<void>(play.Written());
  EXPECT_EQ(play.At(0).sent, 1000u);
  ASSERT_TRUE(play.Send(NumberFrame(frame_type::kWindowUpdate, 1, 500)));
  static_cast<void>(play.Written());
  EXPECT_EQ(play.At(0).sent, 1500u);
  ASSERT_TRUE(play.Send(Settings({{4, 5000}})));
  static_cast<void>(play.Written());
  EXPECT_EQ(play.At(0).sent, 3000u);
}

TEST(Rfc9113Section6, WaitsForAWindowThatShrankBelowZero) {
  NEEDS_HTTP2();
  Play play;
  ASSERT_TRUE(play.Send(Hello() + Settings({{4, 1000}}) + Get(1)));
  play.Respond(play.At(0), std::string(3000, 'x'));
  static_cast<void>(play.Written());
  ASSERT_TRUE(play.Send(Settings({{4, 100}}) + NumberFrame(frame_type::kWindowUpdate, 1, 800)));
  static_cast<void>(play.Written());
  EXPECT_EQ(play.At(0).sent, 1000u);  // 100 - 1000 + 800 is below zero
  ASSERT_TRUE(play.Send(NumberFrame(frame_type::kWindowUpdate, 1, 300)));
  static_cast<void>(play.Written());
  EXPECT_EQ(play.At(0).sent, 1200u);
}

TEST(Rfc9113Section6, ResetsAStreamSentBeyondItsWindow) {
  NEEDS_HTTP2();
  Play play;
  std::string bytes = Hello() + Post(1);
  for (int i = 0; i < 4; ++i) bytes += Data(1, std::string(16384, 'x'));
  static_cast<void>(play.Send(bytes));
  EXPECT_EQ(Play::ResetCode(play.Written()), kFlowControl);
}

TEST(Rfc9113Section6, WindowsOpenByWhatIsGivenBack) {
  NEEDS_HTTP2();
  Play play;
  ASSERT_TRUE(play.Send(Hello() + Post(1)));
  static_cast<void>(play.Written());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(play.Send(Data(1, std::string(16000, 'x'))));
  play.session->GiveBackStream(play.At(0), 48000);
  std::uint32_t given = 0;
  for (const SeenFrame& frame : play.Written()) {
    if (frame.header.type == frame_type::kWindowUpdate && frame.header.stream == 1) given += frame.Number();
  }
  EXPECT_EQ(given, 48000u);
  play.session->GrowWindow(play.At(0), 200000);
  for (const SeenFrame& frame : play.Written()) {
    if (frame.header.type == frame_type::kWindowUpdate && frame.header.stream == 1) given += frame.Number();
  }
  EXPECT_EQ(given, 48000u + 200000u - 65535u);
}

// --- 6.7 PING, 6.8 GOAWAY

TEST(Rfc9113Section6, PingsAreAcknowledged) {
  NEEDS_HTTP2();
  Play play;
  ASSERT_TRUE(play.Send(Hello() + Frame(frame_type::kPing, 0, 0, "12345678")));
  const std::vector<SeenFrame> frames = play.Written();
  EXPECT_TRUE(std::any_of(frames.begin(), frames.end(), [](const SeenFrame& f) {
    return f.header.type == frame_type::kPing && f.header.flags == frame_flag::kAck && f.payload == "12345678";
  }));
  play.session->Ping();
  static_cast<void>(play.Written());
  ASSERT_TRUE(play.Send(Frame(frame_type::kPing, frame_flag::kAck, 0, std::string(8, '\0'))));
  EXPECT_EQ(play.pongs, 1);
}

TEST(Rfc9113Section6, AnAnnouncedEndServesOnUntilTheLastWord) {
  NEEDS_HTTP2();
  Play play;
  ASSERT_TRUE(play.Send(Hello() + Get(1)));
  static_cast<void>(play.Written());
  play.session->AnnounceEnd();
  const std::vector<SeenFrame> announced = play.Written();
  ASSERT_EQ(announced.size(), 2u);
  EXPECT_EQ(announced[1].header.type, frame_type::kPing) << "after it";
  EXPECT_EQ(announced[0].Number(), 0x7FFFFFFFu);
  EXPECT_TRUE(play.Send(Get(3)));
  EXPECT_TRUE(play.At(1).head);
  play.session->SayEnd(ErrorCode::kNoError);
  const std::vector<SeenFrame> said = play.Written();
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].Number(), 3u);
  EXPECT_TRUE(play.Send(Get(5)));
  EXPECT_EQ(play.streams.size(), 2u);
  play.Respond(play.At(1), "still");
  EXPECT_EQ(play.Written().back().payload, "still");
}

TEST(Rfc9113Section6, AGoawayOfTheClientBreaksNoRule) {
  NEEDS_HTTP2();
  Play play;
  EXPECT_TRUE(play.Send(Hello() + Frame(frame_type::kGoAway, 0, 0, std::string(8, '\0'))));
  EXPECT_TRUE(play.session->PeerEnds());
  EXPECT_EQ(Play::GoAwayCode(play.Written()), 99u);
}

// --- 8 messages

TEST(Rfc9113Section8, TrailersComeAndGo) {
  NEEDS_HTTP2();
  Play play;
  ASSERT_TRUE(play.Send(Hello() + Post(1) + Data(1, "x") + Headers(1, {{"sum", "42"}})));
  EXPECT_EQ(play.At(0).fields.back(), (std::pair<std::string, std::string>("sum", "42")));
  EXPECT_TRUE(play.At(0).end);
  play.At(0).trailer = {{"x-sum", "43"}};
  play.Respond(play.At(0), "body");
  const std::vector<SeenFrame> frames = play.Written();
  ASSERT_GE(frames.size(), 3u);
  EXPECT_EQ(frames[frames.size() - 2].payload, "body");
  EXPECT_EQ(frames[frames.size() - 2].header.flags, 0);
  EXPECT_EQ(frames.back().header.type, frame_type::kHeaders);
  EXPECT_TRUE((frames.back().header.flags & frame_flag::kEndStream) != 0);
}

TEST(Rfc9113Section8, AnEarlyResponseIsOutBeforeTheReset) {
  NEEDS_HTTP2();
  Play play;
  ASSERT_TRUE(play.Send(Hello() + Post(1)));
  play.Respond(play.At(0), "no");
  EXPECT_EQ(play.Written().back().payload, "no");
  EXPECT_FALSE(play.At(0).closed) << "the request has not ended";
  play.session->Reset(play.At(0), ErrorCode::kNoError);
  EXPECT_EQ(Play::ResetCode(play.Written()), 0u);
  EXPECT_TRUE(play.At(0).closed);
}

TEST(Rfc9113Section8, FieldsThatAreTooManyEndTheConnection) {
  NEEDS_HTTP2();
  Play play;
  static_cast<void>(play.Send(Hello() + Post(1)));
  play.At(0).most_fields = 5;
  EXPECT_FALSE(play.Send(Headers(1, {{"a", "1"}, {"b", "2"}, {"c", "3"}})));
  EXPECT_EQ(play.nuisances[Nuisance::kFieldList], 1);
  EXPECT_EQ(Play::GoAwayCode(play.Written()), 11u);
}

// --- 10.5 what costs more than it says

TEST(Rfc9113Section10, CountsFramesThatCostMoreThanTheySay) {
  NEEDS_HTTP2();
  Play play;
  std::string bytes = Hello() + Post(1);
  for (int i = 0; i < 5; ++i) bytes += Frame(frame_type::kPing, 0, 0, "12345678");
  for (int i = 0; i < 6; ++i) bytes += Settings();
  for (int i = 0; i < 7; ++i) bytes += Data(1, "");
  for (int i = 0; i < 8; ++i) bytes += Frame(frame_type::kPriority, 0, 3, std::string("\0\0\0\0\x10", 5));
  for (int i = 0; i < 9; ++i) bytes += Frame(0x42, 0, 0, "x");
  for (int i = 0; i < 110; ++i) bytes += NumberFrame(frame_type::kWindowUpdate, 0, 1);
  ASSERT_TRUE(play.Send(bytes));
  EXPECT_EQ(play.nuisances[Nuisance::kControlFrame], 5 + 6 + 9 + 1);  // with the first SETTINGS
  EXPECT_EQ(play.nuisances[Nuisance::kEmptyData], 7);
  EXPECT_EQ(play.nuisances[Nuisance::kPriority], 8);
  EXPECT_EQ(play.nuisances[Nuisance::kWindowUpdate], 10);
}

// Who downloads sends nothing but windows: what it gets counts as well.
TEST(Rfc9113Section10, ALongDownloadIsNoOverhead) {
  NEEDS_HTTP2();
  Play play;
  play.Send(Hello() + Get(1));
  const std::string piece(64 * 1024, 'x');
  play.Respond(play.At(0), piece, /*last=*/false);
  for (int i = 0; i < 20'000; ++i) {
    std::uint32_t got = 0;
    for (const SeenFrame& frame : play.Written()) {
      if (frame.header.type == frame_type::kData) got += frame.header.length;
    }
    ASSERT_GT(got, 0u);
    play.At(0).sent -= got;  // there is always more
    // In small steps, as some clients do: 512 bytes of windows for a piece.
    std::string windows;
    for (std::uint32_t step = 0; step < 20; ++step) {
      const std::uint32_t size = got / 20 + (step == 0 ? got % 20 : 0);
      windows += NumberFrame(frame_type::kWindowUpdate, 0, size) + NumberFrame(frame_type::kWindowUpdate, 1, size);
    }
    ASSERT_TRUE(play.Send(windows)) << i;
  }
  EXPECT_EQ(play.nuisances[Nuisance::kOverhead], 0);
}

TEST(Rfc9113Section10, BytesWithoutPayloadAreCountedToo) {
  NEEDS_HTTP2();
  Play play;
  ASSERT_TRUE(play.Send(Hello() + Post(1)));
  std::string padded(16384, '\0');
  padded[0] = static_cast<char>(255);
  const std::string frame = Frame(frame_type::kData, frame_flag::kPadded, 1, std::string("\xFF", 1) + std::string(255, '\0'));
  for (int i = 0; i < 40000 && play.nuisances[Nuisance::kOverhead] == 0 && play.good; ++i) {
    static_cast<void>(play.Send(frame));
    play.session->GiveBackConnection(256);
    play.session->GiveBackStream(play.At(0), 256);
    static_cast<void>(play.Written());
  }
  EXPECT_GT(play.nuisances[Nuisance::kOverhead], 0);
}

}  // namespace
}  // namespace weft::internal::http2
