#include <stele/eventstore/error.hpp>
#include <stele/eventstore/stream.hpp>

#include <doctest/doctest.h>

#include <string>

using stele::stream_id;

namespace {

std::string refusal(const auto&... parts) {
    try {
        stream_id refused(parts...);
    } catch (const stele::error& e) {
        CHECK(e.kind() == stele::error_kind::invalid_argument);
        return e.what();
    }
    return "accepted";
}

}  // namespace

TEST_CASE("a stream is named category-id, and the id may contain more dashes") {
    const stream_id stream("account", "42-a");
    CHECK(stream.str() == "account-42-a");
    CHECK(stream.category() == "account");
    CHECK(stream.instance_id() == "42-a");
    CHECK(stream_id("account-42-a") == stream);
    const stream_id ledger{"ledger"};
    CHECK(ledger.category() == "ledger");
    CHECK(ledger.instance_id().empty());
    CHECK(stream_id(std::string(512, 'x')).str().size() == 512);
    const stream_id money{"účet-\xF0\x9F\x92\xB0"};
    CHECK(money.instance_id() == "\xF0\x9F\x92\xB0");
}

TEST_CASE("an invalid name is refused with the reason") {
    CHECK(refusal("") == "stream name '': is empty; give it 1 to 512 bytes");
    CHECK(refusal("-42") == "stream name '-42': the category before the '-' is empty");
    CHECK(refusal(std::string(513, 'x')).ends_with("has 513 bytes, at most 512 are allowed"));
    CHECK(refusal("account-4\n2") == "stream name '?': contains a control character");
    CHECK(refusal(std::string("account-\0", 9)) == "stream name '?': contains a control character");
    // Overlong, a surrogate, cut off, beyond U+10FFFF, a lone continuation.
    for (const char* bad : {"a-\xC0\x80", "a-\xED\xA0\x80", "a-\xE2\x82", "a-\xF4\x90\x80\x80", "a-\x80"})
        CHECK(refusal(bad) == "stream name '?': is not valid UTF-8");
    CHECK(refusal("", "42") == "stream name '-42': the category before the '-' is empty");
    CHECK(refusal("a-b", "42") == "stream name 'a-b-42': a category may not contain '-'");
    CHECK(refusal("account", "") == "stream name 'account-': the id after the '-' is empty");
}
