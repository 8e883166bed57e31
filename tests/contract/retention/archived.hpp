#pragma once

#include "support/stores.hpp"

#include <stele/eventstore/retention/archive.hpp>
#include <stele/eventstore/retention/retention.hpp>

#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace testing {

/// Events with all that is stored of them, by stream and version.
using event_map = std::map<std::pair<std::string, std::uint64_t>, std::string>;

/// Fails the test if an event occurs twice.
inline void add_events(event_map& all, stele::event_range range) {
    bool is_new = true;
    for (const stele::recorded_event& e : std::move(range).events())
        is_new =
            all.emplace(std::pair{std::string{e.stream}, e.version.value},
                        std::to_string(e.position.value) + e.id.str() +
                            std::to_string(e.recorded_at.time_since_epoch().count()) + std::string{e.type} + "|" +
                            std::string{e.payload} + "|" + std::string{e.metadata} + "|" + std::string{e.tags.text()})
                .second &&
            is_new;
    CHECK(is_new);
}

/// Runs `test` over a store in memory and one on the disk, which read in small batches.
inline void for_tiny_batches(const std::function<void(contract_store&)>& test) {
    for (const auto& configuration : store_configurations()) {
        if (!configuration.name.ends_with("tiny batches")) continue;
        SUBCASE(configuration.name.c_str()) {
            contract_store store{configuration};
            test(store);
        }
    }
}

/// All events of the application.
inline event_map events_of(stele::event_store& store) {
    event_map all;
    add_events(all, store.read_all({.filter = {.system_events = false}}));
    return all;
}

inline event_map events_of(const std::filesystem::path& archive) {
    event_map all;
    add_events(all, stele::read_archive(archive));
    return all;
}

inline std::string content_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_content(const std::filesystem::path& file, const std::string& content) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
}

inline void append(stele::event_store& store, const std::string& stream, std::size_t count) {
    auto events = make_events(count);
    for (std::size_t i = 0; i < count; i += 2) events[i].tags = {"stream:" + stream, "n:" + std::to_string(i)};
    REQUIRE(store.append(stele::stream_id{stream}, stele::expected_version::any(), events));
}

}  // namespace testing
