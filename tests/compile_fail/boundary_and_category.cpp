// first error: this struct has a `category`, as an aggregate, and a `boundary`, as a decision model: leave one of them
// out
#include "testing.pb.h"

#include <stele/commands/command_bus.hpp>

inline constexpr stele::tag_key<"counter"> counter_tag;

struct both {
    static constexpr auto category = "counter";
    static constexpr auto events = boost::hana::tuple_t<testing::Incremented>;
    static constexpr auto commands = boost::hana::tuple_t<testing::Increment>;
    static auto boundary(const testing::Increment& command) { return counter_tag(command.counter()); }
    static std::string_view instance_id(const testing::Increment& command) { return command.counter(); }
    stele::decision<both> decide(const testing::Increment&) const { return stele::no_change(); }
    void evolve(const testing::Incremented&) {}
};

void wrong(stele::event_store& store) {
    stele::command_bus<both> bus{store};
}
