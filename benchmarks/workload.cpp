#include "benchmarks/workload.hpp"

#include <stele/eventstore/metadata.hpp>

#include <fmt/format.h>

#include <stdexcept>

namespace bench {

stele::stream_id stream_of(std::size_t number) {
    return stele::stream_id{fmt::format("account-{:06}", number)};
}

workload::workload(std::size_t streams) : versions_(streams) {}

stele::event_data workload::make_event(std::uint64_t version) {
    static const std::string metadata = encode(stele::metadata{.correlation_id = stele::uuid::v7().str()});
    std::string payload(60 + random_() % 81, '\0');
    for (char& byte : payload) byte = static_cast<char>(random_());
    return {.type = event_types[version % event_types.size()], .payload = std::move(payload), .metadata = metadata};
}

batch workload::next_of(std::size_t number, std::size_t events) {
    auto& version = versions_[number];
    batch result{number, stream_of(number), version, {}};
    result.events.reserve(events);
    for (std::size_t i = 0; i < events; ++i) result.events.push_back(make_event(version.value++));
    return result;
}

std::vector<batch> workload::batches(std::size_t count, std::size_t events_each) {
    std::vector<batch> result;
    result.reserve(count);
    for (std::size_t i = 0; i < count; ++i) result.push_back(next_of(random_number(), events_each));
    return result;
}

std::vector<stele::stream_id> workload::random_streams(std::size_t count) {
    std::vector<stele::stream_id> result;
    result.reserve(count);
    for (std::size_t i = 0; i < count; ++i) result.push_back(stream_of(random_number()));
    return result;
}

void append(stele::event_store& store, const batch& what) {
    const auto result = store.append(what.stream, stele::expected_version::exactly(what.after), what.events);
    if (!result) throw std::runtime_error(result.error().message());
}

}  // namespace bench
