#include "eventstore/sqlite/files/event_flags.hpp"

#include <doctest/doctest.h>

using stele::event_content;
using stele::detail::content_of;
using stele::detail::flags_of;
using stele::detail::stored_content;

TEST_CASE("what an event is made of goes through its flags") {
    for (const auto content : {event_content::message, event_content::json, event_content::octets})
        for (const bool foreign : {false, true})
            for (const bool closes : {false, true})
                for (const bool in_order : {false, true}) {
                    const auto flags = flags_of({.content = content, .foreign_metadata = foreign}, closes, in_order);
                    CHECK(content_of(flags) == stored_content{content, foreign});
                    CHECK(((flags & 1) != 0) == closes);
                    CHECK(((flags & 2) != 0) == in_order);
                }
}

TEST_CASE("the bits are those of the file format") {
    CHECK(flags_of({}, false, false) == 0);
    CHECK(flags_of({}, true, false) == 1);
    CHECK(flags_of({}, false, true) == 2);
    CHECK(flags_of({.content = event_content::json}, false, false) == 4);
    CHECK(flags_of({.content = event_content::octets}, false, false) == 8);
    CHECK(flags_of({.foreign_metadata = true}, false, false) == 16);
}

TEST_CASE("bits that are never written are told from those that are") {
    for (const std::int64_t flags : {12, 13, 28, 32, 64, 1 << 20}) {
        CHECK_FALSE(content_of(flags));
    }
    CHECK_FALSE(content_of(-1));
    CHECK_FALSE(content_of(std::int64_t{1} << 62));
}
