// Every message that can be stored as JSON: as Protobuf writes it where it can, and something readable where it cannot.

#include "testing.pb.h"
#include "values.pb.h"

#include <stele/codec/detail/json_text.hpp>

#include <doctest/doctest.h>
#include <google/protobuf/util/json_util.h>
#include <rapidcheck.h>

#include <limits>
#include <string>

using stele::detail::json_of;
using stele::detail::parse_json;
using testing::Values;

namespace {

const stele::detail::message_reader of_program = &stele::detail::read_known_message;

std::string shown(const google::protobuf::Message& message) {
    return json_of(message, of_program);
}

std::string by_protobuf(const google::protobuf::Message& message) {
    std::string json;
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
    return status.ok() ? json : std::string{"error: "} + status.ToString();
}

bool parses(const std::string& json) {
    google::protobuf::Struct parsed;
    return google::protobuf::util::JsonStringToMessage(json, &parsed).ok();
}

std::string any_text() {
    const auto letters = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
        "a", "Z", "\"", "\\", "\n", "\x01", "<", ">", "é", "漢", "😀", "\x7f", "\xe2\x80\xa8", "/"));
    std::string text;
    for (const auto& letter : letters) text += letter;
    return text;
}

Values any_values(int levels) {
    Values v;
    const auto maybe = [] { return *rc::gen::inRange(0, 3) == 0; };
    if (maybe()) v.set_small(*rc::gen::arbitrary<std::int32_t>());
    if (maybe()) v.set_large(*rc::gen::arbitrary<std::int64_t>());
    if (maybe()) v.set_fixed(*rc::gen::arbitrary<std::uint32_t>());
    if (maybe()) v.set_huge(*rc::gen::arbitrary<std::uint64_t>());
    if (maybe()) v.set_flag(true);
    if (maybe()) v.set_single(*rc::gen::element(0.1F, 3e38F, -1.5F, std::numeric_limits<float>::infinity()));
    if (maybe()) v.set_twice(*rc::gen::element(0.1, 1e300, -1.0, 1e-7, std::numeric_limits<double>::quiet_NaN()));
    if (maybe()) v.set_text(any_text());
    if (maybe()) v.set_data(*rc::gen::arbitrary<std::string>());
    if (maybe()) v.set_colour(static_cast<testing::Colour>(*rc::gen::inRange(0, 5)));
    if (maybe()) v.add_texts(any_text());
    if (maybe()) v.add_numbers(*rc::gen::arbitrary<double>());
    if (maybe()) v.add_colours(static_cast<testing::Colour>(*rc::gen::inRange(0, 5)));
    if (maybe()) (*v.mutable_by_name())[any_text()] = *rc::gen::arbitrary<std::int64_t>();
    if (maybe()) (*v.mutable_by_flag())[true] = any_text();
    if (maybe()) v.set_left(any_text());
    if (maybe()) v.set_right(0);
    if (maybe()) v.set_perhaps(0);
    if (maybe()) v.mutable_at()->set_seconds(*rc::gen::inRange(-62135596800L, 253402300800L));
    if (maybe()) v.mutable_takes()->set_seconds(*rc::gen::inRange(-1000L, 1000L));
    if (maybe()) (*v.mutable_object()->mutable_fields())["key"].set_string_value(any_text());
    if (maybe()) v.mutable_value()->set_bool_value(true);
    if (maybe()) v.mutable_number()->set_value(*rc::gen::arbitrary<std::int64_t>());
    if (maybe()) v.mutable_word()->set_value(any_text());
    if (maybe()) v.mutable_mask()->add_paths("one_of.left");
    if (levels > 0) {
        if (maybe()) *v.mutable_inner() = any_values(levels - 1);
        if (maybe()) *v.add_many() = any_values(levels - 1);
        if (maybe()) (*v.mutable_by_number())[7] = any_values(levels - 1);
        if (maybe()) v.mutable_what()->PackFrom(any_values(levels - 1));
        // Of an empty Timestamp in an Any, Protobuf leaves the value out; ours has it.
        if (maybe() && v.at().seconds() != 0) v.mutable_what()->PackFrom(v.at());
    }
    return v;
}

Values nested(int levels) {
    Values outer;
    auto* leaf = &outer;
    for (int i = 0; i < levels; ++i) leaf = leaf->mutable_inner();
    leaf->set_small(1);
    return outer;
}

}  // namespace

TEST_CASE("an empty message with a form of its own within an Any has its value") {
    Values values;
    values.mutable_what()->PackFrom(google::protobuf::Timestamp{});
    CHECK(shown(values) ==
          R"({"what":{"@type":"type.googleapis.com/google.protobuf.Timestamp","value":"1970-01-01T00:00:00Z"}})");
}

TEST_CASE("where Protobuf has a form for a message, it is that form") {
    CHECK(rc::check("random messages", [] {
        const auto values = any_values(3);
        const auto json = shown(values);
        RC_ASSERT(json == by_protobuf(values));
        Values again;
        RC_ASSERT(parse_json(again, json).has_value());
        // Protobuf's own parser does not give back every message inside an Any.
        if (!json.contains("@type")) RC_ASSERT(shown(again) == json);
    }));
}

TEST_CASE("what JSON has no form for is shown nevertheless") {
    Values far;
    far.mutable_at()->set_seconds(1'000'000'000'000'000);
    far.mutable_takes()->set_seconds(std::numeric_limits<std::int64_t>::min());
    far.add_times()->set_nanos(-1);
    CHECK(by_protobuf(far).starts_with("error"));
    CHECK(shown(far) ==
          R"({"at":{"seconds":"1000000000000000"},"takes":{"seconds":"-9223372036854775808"},"times":[{"nanos":-1}]})");

    Values gone;
    gone.mutable_what()->set_type_url("type.example.com/gone.Message");
    gone.mutable_what()->set_value("\x08\x01");
    CHECK(shown(gone) == R"({"what":{"@type":"type.example.com/gone.Message","value":"CAE="}})");
    gone.mutable_what()->set_type_url("type.example.com/testing.Incremented");
    CHECK(shown(gone) == R"({"what":{"@type":"type.example.com/testing.Incremented","by":"1"}})");
    gone.mutable_what()->set_value("\xff");
    CHECK(shown(gone) == R"({"what":{"@type":"type.example.com/testing.Incremented","value":"/w=="}})");
    Values empty;
    empty.mutable_what();
    CHECK(shown(empty) == R"({"what":{}})");

    CHECK(by_protobuf(nested(90)).starts_with("error"));
    CHECK(shown(nested(90)).starts_with(R"({"inner":{"inner":{)"));
    Values again;
    CHECK(parse_json(again, shown(nested(90))).has_value());
    CHECK(again.SerializeAsString() == nested(90).SerializeAsString());
}

TEST_CASE("an Any within an Any, many times over, is shown to a depth and then as bytes") {
    google::protobuf::Any any;
    for (int i = 0; i < 3000; ++i) {
        google::protobuf::Any outer;
        outer.set_type_url("x/google.protobuf.Any");
        outer.set_value(any.SerializeAsString());
        any = outer;
    }
    CHECK(shown(any).starts_with(R"({"@type":"x/google.protobuf.Any","value":{"@type")"));
}

TEST_CASE("random bytes that parse as a message are shown, and the JSON parses") {
    CHECK(rc::check("random bytes", [] {
        // Tags of the fields of Values, so that some bytes parse.
        const auto bytes = *rc::gen::container<std::string>(
            rc::gen::element('\x08', '\x3a', '\x42', '\x4a', '\x01', '\x02', '\x00', '\x5a', '\xf2', '\xfa', '\x82',
                             '\x8a', '\x92', '\x9a', '\x0a', '\x12', '\x1a', '\x22', '\xff', 'x'));
        const auto message = stele::detail::read_known_message("testing.Values", bytes);
        if (message) RC_ASSERT(parses(shown(*message)));
    }));
}

TEST_CASE("a text that is not UTF-8 is repaired in JSON") {
    CHECK(stele::detail::json_of_text("caf\xe9!") == "\"caf�!\"");
    CHECK(stele::detail::json_of_unknown("a\"b\xc3", "") == R"({"@type":"a\"b�","value":""})");
}

TEST_CASE("JSON is read into a message, or what is wrong is said") {
    const auto fault = [](std::string_view json) {
        Values into;
        const auto read = parse_json(into, json);
        return read ? "" : read.error();
    };
    CHECK(fault(R"({"small": 1, "one_of": 2})").contains("one_of"));
    CHECK(fault(R"({"small": "x"})").contains("small"));
    CHECK(fault(R"({"inner": {"smal": 1}})").contains("smal"));
    for (const auto* json : {"", "{", "[]", "3", "{\"text\":\"\xff\"}", "{\"text\":\"\\ud800\"}"})
        CHECK_MESSAGE(fault(json) != "", json);
    CHECK(fault(std::string(100'000, '[')) != "");
    CHECK(fault(R"({"by_name": {"é": 1}, "byFlag": {"true": "AA=="}})") == "");
}
