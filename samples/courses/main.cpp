#include "catalogue.hpp"
#include "enrolment.hpp"

#include <stele/memory.hpp>

#include <fmt/ranges.h>

using namespace courses;

namespace {

void show(const stele::command_result& result) {
    if (result && result->version.value == 0)
        fmt::print("nothing to do\n");
    else if (result)
        fmt::print("accepted: {} is at version {}\n", result->stream.str(), result->version.value);
    else
        fmt::print("{}\n", result.error().message());
}

}  // namespace

int main() {
    stele::memory_store store;
    // [send]
    stele::command_bus<catalogue, enrolment> bus{store};
    show(bus.send(open_course("geology", "Rocks and time", 2)));
    show(bus.send(enrol("geology", "ada")));
    show(bus.send(enrol("geology", "ada")));  // again
    show(bus.send(enrol("geology", "bob")));
    show(bus.send(enrol("geology", "eve")));  // the course has two seats
    // [/send]
    // [read]
    for (const auto& event : store.read_all({.filter = {.tags = {student_tag("ada")}}}).events())
        fmt::print("{} {} [{}]\n", event.position.value, event.type, fmt::join(event.tags, " "));
    // [/read]
}
