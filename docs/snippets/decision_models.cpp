// The example of docs/decision-models.md that is not in samples/courses: tags for events that were stored without them.
#include "courses/messages.hpp"

#include <stele/codec.hpp>
#include <stele/memory.hpp>

#include <boost/hana/tuple.hpp>
#include <fmt/ranges.h>

#include <stdexcept>
#include <string>
#include <vector>

using namespace courses;
namespace hana = boost::hana;

namespace {

// [events]
struct tagged_events {
    static constexpr auto events = hana::tuple_t<CourseOpened, SeatsChanged, StudentEnrolled, StudentLeft>;
};
// [/events]

// [vector]
constexpr stele::tag_key<"teacher"> teacher_tag;

auto tags_of_teachers(const std::vector<std::string>& names) {
    std::vector<stele::tag<stele::tag_key<"teacher">>> tags;
    for (const auto& name : names) tags.push_back(teacher_tag(name));
    return tags;
}
// [/vector]

void store_event(stele::event_store& store, const stele::event_data& event) {
    if (!store.append(stele::stream_id{"course-geology"}, stele::expected_version::any(), event))
        throw std::runtime_error("not appended");
}

// What a program appended that knew no tags.
stele::event_data without_tags(stele::event_data event) {
    event.tags = {};
    return event;
}

}  // namespace

int main() {
    if (stele::tags(tags_of_teachers({"eve", "ian"})).list().size() != 2) throw std::runtime_error("not two tags");
    stele::memory_store store;
    store_event(store, stele::encode(opened("geology", 2)));
    store_event(store, without_tags(stele::encode(enrolled("geology", "ada"))));
    store_event(store, without_tags(stele::encode(left("geology", "ada"))));
    // [add]
    const auto tell = [](const stele::tagging_report& so_far) {
        fmt::print("{} of {}\n", so_far.up_to.value, so_far.goal.value);
    };
    const auto done = stele::tag_stored_events<tagged_events>(store, {.on_progress = tell});
    fmt::print("{} events read, {} were given tags\n", done.events_read, done.events_tagged);
    for (const auto& event : store.read_all({.filter = {.tags = {"student:ada"}}}).events())
        fmt::print("{} {} [{}]\n", event.position.value, event.type, fmt::join(event.tags, " "));
    // [/add]
}
