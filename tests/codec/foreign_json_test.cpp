// Foreign events as JSON, for people.

#include "support/stores.hpp"
#include "testing.pb.h"

#include <stele/codec/codec.hpp>
#include <stele/codec/schema.hpp>

#include <doctest/doctest.h>

#include <string>

using stele::event_content;
using stele::event_data;

namespace {

/// The event as a line, from the content of its payload on; `beside` is what is before, from the metadata on.
struct shown {
    std::string payload;
    std::string line;
};

shown show(const event_data& data) {
    stele::memory_store store;
    const stele::recorded_schemas schemas{store};
    const auto event = as_recorded(data, "parcel-12", {{1}, {1}});
    auto line = schemas.to_json_line(event);
    return {schemas.to_json(event), line.substr(line.find(data.id.str()) + data.id.str().size() + 2)};
}

}  // namespace

TEST_CASE("JSON is shown as it is, on one line") {
    const auto it = show({.type = "ParcelSent",
                          .payload = "{\"grams\": 1234567890123456789012,\n \"to\": \"Kiel\"}",
                          .content = event_content::json});
    CHECK(it.payload == R"({"grams":1234567890123456789012,"to":"Kiel"})");
    CHECK(it.line == R"("metadata":{},"content":"json","payload":{"grams":1234567890123456789012,"to":"Kiel"}})");
}

TEST_CASE("octets are shown in Base64") {
    const auto it = show({.type = "LabelPrinted", .payload = "\x89PNG", .content = event_content::octets});
    CHECK(it.payload == R"("iVBORw==")");
    CHECK(it.line == R"("metadata":{},"content":"octets","payload":"iVBORw=="})");
    CHECK(show({.type = "LabelPrinted", .content = event_content::octets}).payload == R"("")");
}

TEST_CASE("what is called JSON and is none is shown in Base64, with the reason") {
    const auto it = show({.type = "ParcelSent", .payload = "{'a'}", .content = event_content::json});
    CHECK(it.payload == R"("eydhJ30=")");
    CHECK(it.line == R"("metadata":{},"content":"json","payload":"eydhJ30=",)"
                     R"("problem":"its 5 bytes were stored as JSON and are none"})");
}

TEST_CASE("foreign metadata is shown as JSON or in Base64, beside any payload") {
    CHECK(show({.type = "ParcelSent",
                .payload = "1",
                .metadata = "{ \"by\": 7 }",
                .content = event_content::json,
                .foreign_metadata = true})
              .line == R"("foreign_metadata":{"by":7},"content":"json","payload":1})");
    CHECK(show({.type = "testing.CounterOpened", .metadata = "\x01", .foreign_metadata = true}).line ==
          R"("foreign_metadata":"AQ==","payload":{}})");
    CHECK(show({.type = "testing.CounterOpened", .metadata = "\x01"}).line ==
          R"("metadata_bytes":"AQ==","payload":{}})");
}

TEST_CASE("a foreign event under the type of a message is not taken for one") {
    testing::Incremented message;
    message.set_by(5);
    auto data = stele::encode(message);
    CHECK(show(data).payload == R"({"by":"5"})");
    data.content = event_content::octets;
    CHECK(show(data).payload == R"("CAU=")");
}
