#include <stele/eventstore/error.hpp>
#include <stele/eventstore/metadata.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace std::chrono_literals;
using stele::metadata;
using stele::timestamp;

TEST_CASE("metadata is read back as it was written") {
    const metadata full{.correlation_id = "order 7",
                        .causation_id = "018f",
                        .actor = "Jana",
                        .headers = {{"source", "branch"}, {"tenant", "7"}, {"", "empty name"}}};
    CHECK(stele::decode_metadata(stele::encode(full)) == full);
    CHECK(stele::encode({}).empty());
    CHECK(stele::decode_metadata("") == metadata{});
}

TEST_CASE("the business time of an event is the one it was given, to the microsecond, or else that of its recording") {
    const timestamp recorded{1h};
    for (const timestamp time : {timestamp::min(), timestamp{-1us}, timestamp{}, timestamp{1us}, timestamp::max(),
                                 timestamp{std::chrono::sys_days{1993y / 1 / 1}}, recorded}) {
        const metadata about{.actor = "Jana", .occurred_at = time};
        const auto bytes = stele::encode(about);
        CHECK(stele::decode_metadata(bytes) == about);
        CHECK(stele::decode_metadata(stele::encode({.occurred_at = time})).occurred_at == time);
        const stele::recorded_event event{.recorded_at = recorded, .metadata = bytes};
        CHECK(stele::occurred_at(event) == time);
        CHECK(stele::occurred_at(stele::owned_event{event}) == time);
    }
    // Also where the bytes look as if they had one, and where they are somebody else's.
    for (const auto& bytes :
         {std::string{}, stele::encode({.actor = ")(all)"}), stele::encode({.headers = {{")", ""}}}), std::string{")"},
          std::string{")1234567"}, std::string(")12345678\xFF")}) {
        CAPTURE(bytes);
        CHECK(stele::occurred_at({.recorded_at = recorded, .metadata = bytes}) == recorded);
    }
}

TEST_CASE("metadata without a business time has the bytes that it has always had") {
    CHECK(stele::encode({.actor = "ann"}) ==
          "\x1a\x03"
          "ann");
    CHECK(stele::encode({.actor = "ann", .occurred_at = timestamp{1us}}).size() == 5 + 1 + 8);
}

TEST_CASE("text that is not UTF-8 and bytes that are not metadata are refused") {
    const auto refuses = [](const metadata& bad, const char* message) {
        CHECK_THROWS_WITH_AS((void)stele::encode(bad), message, stele::error);
    };
    refuses({.actor = "\xFF"}, "metadata actor: the text is not valid UTF-8");
    refuses({.headers = {{"a", "\xC3"}}}, "metadata header 'a': the text is not valid UTF-8");
    CHECK_THROWS_WITH_AS((void)stele::decode_metadata("\xFF\xFF"), "metadata: its 2 bytes do not parse", stele::error);
}
