#include <stele/eventstore/error.hpp>
#include <stele/eventstore/metadata.hpp>

#include <doctest/doctest.h>

using stele::metadata;

TEST_CASE("metadata is read back as it was written") {
    const metadata full{.correlation_id = "order 7",
                        .causation_id = "018f",
                        .actor = "Jana",
                        .headers = {{"source", "branch"}, {"tenant", "7"}, {"", "empty name"}}};
    CHECK(stele::decode_metadata(stele::encode(full)) == full);
    CHECK(stele::encode({}).empty());
    CHECK(stele::decode_metadata("") == metadata{});
}

TEST_CASE("text that is not UTF-8 and bytes that are not metadata are refused") {
    const auto refuses = [](const metadata& bad, const char* message) {
        CHECK_THROWS_WITH_AS((void)stele::encode(bad), message, stele::error);
    };
    refuses({.actor = "\xFF"}, "metadata actor: the text is not valid UTF-8");
    refuses({.headers = {{"a", "\xC3"}}}, "metadata header 'a': the text is not valid UTF-8");
    CHECK_THROWS_WITH_AS((void)stele::decode_metadata("\xFF\xFF"), "metadata: its 2 bytes do not parse", stele::error);
}
