// first error: several tags: say stele::any_of(seats) (one of them) or stele::tags(seats) (all of them)
#include "testing.pb.h"

#include <stele/commands/command_bus.hpp>

#include <vector>

inline constexpr stele::tag_key<"counter"> counter_tag;

namespace testing {
inline auto tags_of(const Incremented& e) {
    return std::vector{counter_tag(e.by()), counter_tag(e.by() + 1)};  // an event carries all of them
}
}  // namespace testing

struct model {
    static constexpr auto events = boost::hana::tuple_t<testing::Incremented>;
    static constexpr auto commands = boost::hana::tuple_t<testing::Increment>;
    static auto boundary(const testing::Increment& command) { return std::vector{counter_tag(command.counter())}; }
    stele::decision<model> decide(const testing::Increment&) const { return stele::no_change(); }
    void evolve(const testing::Incremented&) {}
};

void wrong(stele::event_store& store) {
    stele::command_bus<model> bus{store};
}
