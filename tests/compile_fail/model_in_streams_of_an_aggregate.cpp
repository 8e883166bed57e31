// first error: the events of this decision model go to the streams of the first tag of its boundary
#include "support/counter.hpp"

#include <stele/commands/command_bus.hpp>
#include <stele/eventstore/memory/memory_store.hpp>

inline constexpr stele::tag_key<"counter"> counter_tag;

namespace testing {
inline auto tags_of(const NobodyKnows& e) {
    return counter_tag(e.number());
}
}  // namespace testing

struct model {
    static constexpr auto events = boost::hana::tuple_t<testing::NobodyKnows>;
    static constexpr auto commands = boost::hana::tuple_t<testing::Nest>;
    static auto boundary(const testing::Nest& command) { return counter_tag(command.number()); }
    stele::decision<model> decide(const testing::Nest&) const { return stele::accept(testing::NobodyKnows{}); }
    void evolve(const testing::NobodyKnows&) {}
};

void wrong(stele::event_store& store) {
    stele::command_bus<testing::counter, model> bus{store};
}
