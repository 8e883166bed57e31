// Appends that share a commit: one that is refused, for whatever reason and at whichever of its events, leaves nothing
// behind, and those around it are stored.

#include "support/stores.hpp"

#include <fmt/format.h>

#include <future>
#include <map>
#include <optional>
#include <string>
#include <vector>

using stele::event_data;
using stele::expected_version;
using stele::stream_id;

namespace {

constexpr std::size_t most_events = 3;

struct refusal {
    std::string name;
    expected_version expected = expected_version::any();
    std::vector<stele::append_condition> conditions = {};
    std::optional<stele::uuid> id = {};  // of one of the events
};

std::vector<event_data> numbered(const std::string& name, std::size_t count) {
    std::vector<event_data> all;
    for (std::size_t i = 0; i < count; ++i)
        all.push_back({.type = "t.Numbered", .payload = fmt::format("{} {}", name, i)});
    return all;
}

/// Makes appends that it does not wait for, and knows what is stored then.
class appends {
public:
    explicit appends(stele::event_store& store) : store_(store) {}

    void accepted(const std::vector<event_data>& events) {
        const auto stream = next_stream();
        for (const auto& event : events) expected_[stream].push_back(event.payload);
        accepted_.push_back(store_.append_async(stream_id{stream}, expected_version::any(), events));
    }
    void refused(const refusal& why, const std::vector<event_data>& events) {
        refused_.push_back(store_.append_async(stream_id{next_stream()}, why.expected, events, why.conditions));
    }
    void check() {
        for (auto& each : accepted_) CHECK(each.get().has_value());
        for (auto& each : refused_) CHECK_FALSE(each.get().has_value());
        std::map<std::string, std::vector<std::string>> stored;
        for (const auto& event : store_.read_all({.filter = {.categories = {"group"}}}).events()) {
            auto& of_stream = stored[std::string{event.stream}];
            of_stream.emplace_back(event.payload);
            CHECK(event.version.value == of_stream.size());
        }
        CHECK(stored == expected_);
    }

private:
    std::string next_stream() { return fmt::format("group-{}", number_++ % 3); }

    stele::event_store& store_;
    std::size_t number_ = 0;
    std::vector<std::future<stele::append_outcome>> accepted_, refused_;
    std::map<std::string, std::vector<std::string>> expected_;
};

}  // namespace

STORE_TEST_CASE(store, "whatever an append in a group is refused for, it leaves nothing, and the others are stored") {
    const auto known = numbered("known", 1);
    REQUIRE(store->append(stream_id{"known"}, expected_version::no_stream(), known));
    appends group(*store);
    const auto surround = [&](const refusal& why, std::size_t count, std::size_t bad) {
        auto events = numbered(why.name, count);
        if (why.id) events[bad].id = *why.id;
        group.refused(why, events);
        group.accepted(numbered("after " + why.name, count));
    };
    for (std::size_t count = 1; count <= most_events; ++count)
        for (std::size_t bad = 0; bad < count; ++bad) {
            const auto neighbour = numbered("neighbour", count);
            group.accepted(neighbour);
            surround({.name = "version", .expected = expected_version::exactly(stele::version{777})}, count, bad);
            surround({.name = "condition", .conditions = {stele::no_event{{.types = {"t.Numbered"}}, {}}}}, count, bad);
            surround({.name = "known id", .id = known.front().id}, count, bad);
            surround({.name = "id of a neighbour", .id = neighbour.back().id}, count, bad);
        }
    group.check();
}
