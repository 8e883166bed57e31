// Payloads as a file may contain them, folded into an aggregate: decoded, or refused as undecodable; and shown as JSON,
// whatever they are said to be.

#include "support/counter.hpp"

#include <stele/aggregates/load.hpp>
#include <stele/codec/schema.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/memory/memory_store.hpp>

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static constexpr std::array types{"testing.CounterOpened", "testing.Incremented", "testing.Decremented",
                                      "testing.NobodyKnows"};
    if (size == 0) return 0;
    stele::memory_store store;
    const stele::stream_id stream("counter", "1");
    const std::vector<stele::event_data> events{
        {.type = types[data[0] % types.size()],
         .payload = std::string(reinterpret_cast<const char*>(data) + 1, size - 1)}};
    if (!store.append(stream, stele::expected_version::no_stream(), events)) std::abort();
    try {
        if (stele::load<testing::counter>(store, stream).version.value != 1) std::abort();
    } catch (const stele::error& refusal) {
        if (refusal.kind() != stele::error_kind::undecodable) std::abort();
    }
    const stele::recorded_schemas schemas{store};
    auto shown = events.front();
    for (const auto content :
         {stele::event_content::message, stele::event_content::json, stele::event_content::octets}) {
        shown.content = content;
        shown.foreign_metadata = content != stele::event_content::message;
        shown.metadata = shown.payload;
        const auto line = schemas.to_json_line(as_recorded(shown, "counter-1", {{1}, {1}}));
        google::protobuf::Struct parsed;
        if (line.contains('\n') || !google::protobuf::util::JsonStringToMessage(line, &parsed).ok()) std::abort();
    }
    return 0;
}
